#pragma once
// ChunkWriter: where a map task's output goes, per reduce partition, as bytes. Lives in a
// container's task thread and belongs to it alone. Chunks of all partitions share the slabs of the
// node arena; they start small and double, so that many partitions with little data cost little.
// Every chunk starts at a multiple of 64 bytes and is contiguous, also when it is larger than a
// slab.

#include "exchange/slab_bump.hpp"
#include "protocol/driver_messages.hpp"
#include "storage/node_arena.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace volley::exchange {

class ChunkWriter {
 public:
  struct Output {
    std::vector<protocol::Chunk> chunks;  ///< by partition, then in writing order; `map` is not set
    std::vector<std::uint64_t> slabs;     ///< owned by the writer's owner still
  };

  /// `owner` is the container's owner number (storage::container_owner).
  ChunkWriter(storage::NodeArena& arena, storage::NodeArena::Owner owner, std::uint32_t reducers);
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  /// Contiguous room for `max_bytes` at the end of the partition's data; valid until the next
  /// reserve or commit for this partition. Throws ArenaFull.
  std::byte* reserve(std::uint32_t partition, std::size_t max_bytes) {
    Open& open = open_[partition];
    if (static_cast<std::size_t>(open.end - open.next) < max_bytes) [[unlikely]] {
      make_room(partition, max_bytes);
    }
    return open.next;
  }
  /// Keeps the first `bytes` of the room reserved last for this partition.
  void commit(std::uint32_t partition, std::size_t bytes, std::uint64_t records = 1) {
    Open& open = open_[partition];
    open.next += bytes;
    open.records += records;
  }

  /// Ends writing. Whoever takes the output is responsible for its slabs; without finish() they are
  /// released when the writer is destroyed.
  Output finish();

 private:
  /// The chunk that a partition is writing; all pointers alike when there is none.
  struct Open {
    std::byte* next = nullptr;
    std::byte* end = nullptr;
    std::byte* begin = nullptr;
    std::uint64_t records = 0;
    std::uint64_t capacity = 0;  ///< of its last chunk
  };

  void make_room(std::uint32_t partition, std::size_t max_bytes);
  void close(std::uint32_t partition);

  storage::NodeArena* arena_;
  SlabBump slabs_;
  std::vector<Open> open_;
  std::vector<protocol::Chunk> closed_;
};

}  // namespace volley::exchange
