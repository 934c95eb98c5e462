#pragma once
// NodeArena: the shared memory of one node's ranks and containers, an unlinked memfd that is gone
// with its processes whatever ends them. It is divided into slabs of equal size; a table in its
// head says who owns each slab. Allocation and release are lock-free on that table, from any
// process that maps the arena. Slabs that were touched before are handed out first: the first touch
// of shared pages costs several times more than their reuse.
//
// Ownership is a number chosen by the NodeManagers: a container while it writes, then the rank
// whose shuffle service keeps the output. When a container ends, its rank releases what it still
// owned.

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace volley::storage {

class NodeArena {
 public:
  /// Never 0.
  using Owner = std::uint64_t;

  struct Options {
    std::uint64_t capacity = 0;  ///< bytes of data, rounded up to slabs; pages are taken on touch
    std::uint64_t slab_bytes = 1ULL << 20U;  ///< a power of two, at least one page
  };

  /// Makes a new arena. Fails when the kernel refuses the mapping.
  static base::Result<NodeArena> create(const Options& options);
  /// Maps an existing arena; takes over the descriptor. Fails when it is not an arena.
  static base::Result<NodeArena> attach(base::Fd descriptor);

  NodeArena(NodeArena&& other) noexcept;
  NodeArena& operator=(NodeArena&& other) noexcept;
  NodeArena(const NodeArena&) = delete;
  NodeArena& operator=(const NodeArena&) = delete;
  ~NodeArena();

  int descriptor() const { return descriptor_.get(); }
  std::uint64_t slab_bytes() const;
  std::uint64_t slabs() const;

  /// Address of a byte of data; offsets count from the start of slab 0 and are the same everywhere.
  std::byte* at(std::uint64_t offset) const { return data_ + offset; }
  std::uint64_t offset_of(std::uint64_t slab) const { return slab * slab_bytes(); }

  /// The first of `count` consecutive free slabs, now owned by `owner`; nothing when there are
  /// none.
  std::optional<std::uint64_t> allocate(Owner owner, std::uint64_t count = 1);
  /// Hands a slab from one owner to another. A slab of somebody else is a bug.
  void transfer(std::uint64_t slab, Owner from, Owner to);
  void release(std::uint64_t slab, Owner owner);
  /// Releases every slab of an owner; returns how many. A scan of the table.
  std::uint64_t release_all(Owner owner);
  Owner owner(std::uint64_t slab) const;
  std::uint64_t used_slabs() const;
  /// Gives the pages of free slabs back to the kernel.
  void trim();

 private:
  NodeArena() = default;

  base::Status map(std::uint64_t size);
  void unmap() noexcept;
  std::optional<std::uint64_t> allocate_touched(Owner owner, std::uint64_t count, bool thorough);
  std::optional<std::uint64_t> allocate_fresh(Owner owner, std::uint64_t count);

  base::Fd descriptor_;
  std::byte* base_ = nullptr;
  std::uint64_t mapped_ = 0;
  std::byte* data_ = nullptr;
};

}  // namespace volley::storage
