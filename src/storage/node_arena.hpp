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
#include <span>
#include <string>

namespace volley::storage {

class NodeArena {
 public:
  /// Never 0.
  using Owner = std::uint64_t;

  struct Options {
    std::uint64_t capacity = 0;  ///< bytes of data, rounded up to slabs; pages are taken on touch
    std::uint64_t slab_bytes = 1ULL << 20U;  ///< a power of two, at least one page
    std::string disk_directory = {};  ///< where the file of the disk slabs is made; empty: none
    std::uint64_t disk_capacity = 0;  ///< bytes of data on disk at most; blocks are taken on use
  };

  /// Makes a new arena. Fails when the kernel refuses the mapping or the directory the file.
  static base::Result<NodeArena> create(const Options& options);
  /// Maps an existing arena; takes over the descriptors of its memory and, if it has one, of its
  /// file on disk. Fails when they are not an arena.
  static base::Result<NodeArena> attach(base::Fd descriptor, base::Fd disk = {});

  NodeArena(NodeArena&& other) noexcept;
  NodeArena& operator=(NodeArena&& other) noexcept;
  NodeArena(const NodeArena&) = delete;
  NodeArena& operator=(const NodeArena&) = delete;
  ~NodeArena();

  int descriptor() const { return descriptor_.get(); }
  /// The file of the disk slabs; -1 when there are none.
  int disk_descriptor() const { return disk_.get(); }
  std::uint64_t slab_bytes() const;
  std::uint64_t slabs() const;       ///< in memory; their numbers come first
  std::uint64_t disk_slabs() const;  ///< on disk
  std::uint64_t all_slabs() const { return slabs() + disk_slabs(); }

  /// Address of a byte of data; offsets count from the start of slab 0 and are the same everywhere.
  std::byte* at(std::uint64_t offset) const { return data_ + offset; }
  std::uint64_t offset_of(std::uint64_t slab) const { return slab * slab_bytes(); }
  bool on_disk(std::uint64_t offset) const { return offset >= slabs() * slab_bytes(); }

  enum class Within { budget, capacity };
  /// The first of `count` consecutive free slabs in memory, now owned by `owner`; nothing when
  /// there are none, or when they would exceed the limit.
  std::optional<std::uint64_t> allocate(Owner owner, std::uint64_t count = 1,
                                        Within limit = Within::budget);
  /// The same on disk, with disk space set aside; nothing when the disk is full.
  std::optional<std::uint64_t> allocate_disk(Owner owner, std::uint64_t count = 1);
  /// Writes blocks one after another to disk slabs, without mapping them. False when the kernel
  /// refuses (errno says why).
  bool write_disk(std::uint64_t offset, std::span<const std::span<const std::byte>> data);
  /// Tells the kernel that the range will be read soon, or not again by this process. Of data on
  /// disk only; for others nothing happens.
  void expect_reads(std::uint64_t offset, std::uint64_t bytes) const;
  void forget_reads(std::uint64_t offset, std::uint64_t bytes) const;

  /// Changes how many bytes of memory slabs may be owned at a time. The budget starts at 0, which
  /// stands for no limit but the capacity.
  void change_budget(std::int64_t bytes);
  std::uint64_t budget() const;
  bool over_budget() const;
  /// Hands a slab from one owner to another. A slab of somebody else is a bug.
  void transfer(std::uint64_t slab, Owner from, Owner to);
  void release(std::uint64_t slab, Owner owner);
  /// Releases every slab of an owner; returns how many. A scan of the table.
  std::uint64_t release_all(Owner owner);
  Owner owner(std::uint64_t slab) const;
  std::uint64_t used_slabs() const;       ///< in memory
  std::uint64_t used_disk_slabs() const;  ///< on disk
  /// Gives the pages of free slabs back to the kernel.
  void trim();

 private:
  NodeArena() = default;

  base::Status map(std::uint64_t memory, std::uint64_t disk);
  void unmap() noexcept;
  void advise(std::uint64_t offset, std::uint64_t bytes, int advice) const;
  template <class Visit>
  void visit_touched(Visit&& visit) const;

  base::Fd descriptor_;
  base::Fd disk_;
  std::byte* base_ = nullptr;
  std::uint64_t mapped_ = 0;
  std::byte* data_ = nullptr;
};

}  // namespace volley::storage
