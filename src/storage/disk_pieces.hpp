#pragma once
// DiskPieces: pieces of data in disk slabs of the node arena, several to a slab, for one owner of
// slabs. Safe from every thread. What is still there when the owner's process ends goes with its
// slabs.

#include "storage/node_arena.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>

namespace volley::storage {

class DiskPieces {
 public:
  struct Piece {
    std::uint64_t offset = 0;  ///< in the arena
    std::uint64_t bytes = 0;
  };

  DiskPieces(NodeArena& arena, NodeArena::Owner owner) : arena_(arena), owner_(owner) {}
  DiskPieces(const DiskPieces&) = delete;
  DiskPieces& operator=(const DiskPieces&) = delete;
  ~DiskPieces();

  /// Nothing when there is no disk or no room on it.
  std::optional<Piece> write(std::span<const std::byte> data);
  void remove(const Piece& piece);
  NodeArena& arena() const { return arena_; }

 private:
  struct Run {
    std::uint64_t slabs = 0;
    std::uint64_t pieces = 0;  ///< in use
  };

  std::optional<std::uint64_t> place(std::uint64_t bytes);
  void drop(std::map<std::uint64_t, Run>::iterator run);

  NodeArena& arena_;
  const NodeArena::Owner owner_;
  std::mutex mutex_;
  std::map<std::uint64_t, Run> runs_;  ///< by the offset of their first slab
  std::uint64_t open_ = 0;             ///< offset of the next piece in the run that is being filled
  std::uint64_t open_end_ = 0;
};

}  // namespace volley::storage
