#pragma once
// ChunkWriter: where a map task's output goes, per reduce partition, as bytes. Lives in a
// container's task thread and belongs to it alone. Chunks of all partitions share the slabs of the
// node arena; they start small and double, so that many partitions with little data cost little.
// Every chunk starts at a multiple of 64 bytes and is contiguous, also when it is larger than a
// slab.
//
// Checksums are made stretch by stretch, while what was written is still in the cache.
//
// When memory is out, all that is there goes to disk in one piece, one chunk for each partition
// that has data, and writing goes on in the memory that this freed. When others hold all of the
// memory, chunks lie on disk from the start, until there is memory again.

#include "exchange/checksum.hpp"
#include "exchange/slab_bump.hpp"
#include "exchange/zeroed_array.hpp"
#include "protocol/driver_messages.hpp"
#include "storage/node_arena.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace volley::exchange {

/// Whether chunks get checksums; those without are not checked by anybody.
enum class Checksums : bool { off, on };

class ChunkWriter {
 public:
  struct Output {
    std::vector<protocol::Chunk> chunks;  ///< by partition, then in writing order; `map` is not set
    std::vector<std::uint64_t> slabs;     ///< owned by the writer's owner still
    std::uint64_t spilled_bytes = 0;      ///< of the chunks that lie on disk
  };

  /// Memory that a writer may use, by default, when the arena's budget is used up.
  static constexpr std::uint64_t default_working_set = 16U << 20U;

  /// `owner` is the container's owner number (storage::container_owner).
  ChunkWriter(storage::NodeArena& arena, storage::NodeArena::Owner owner, std::uint32_t reducers,
              std::uint64_t working_set = default_working_set, Checksums checksums = Checksums::on);
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  /// Contiguous room for `max_bytes` at the end of the partition's data; valid until the next
  /// reserve or commit. Throws ArenaFull when neither memory nor disk has room.
  std::byte* reserve(std::uint32_t partition, std::size_t max_bytes) {
    Open& open = open_[partition];
    if (static_cast<std::size_t>(open.end - open.next) < max_bytes) [[unlikely]] {
      make_room(partition, max_bytes);
    }
    if (max_bytes == 0 && open.next == nullptr) begin_without_room(partition);
    return open.next;
  }
  /// reserve() and commit() of a record of exactly so many bytes, which the caller writes at once.
  std::byte* append(std::uint32_t partition, std::size_t bytes) {
    Open& open = open_[partition];
    if (static_cast<std::size_t>(open.end - open.next) < bytes) [[unlikely]] {
      make_room(partition, bytes);
    }
    if (bytes == 0 && open.next == nullptr) begin_without_room(partition);
    std::byte* const at = open.next;
    open.next = at + bytes;
    ++open.records;
    return at;
  }
  /// Keeps the first `bytes` of the room reserved last for this partition.
  void commit(std::uint32_t partition, std::size_t bytes, std::uint64_t records = 1) {
    Open& open = open_[partition];
    open.next += bytes;
    open.records += records;
  }

  /// Moves what was written so far to disk. Throws ArenaFull when the disk has no room.
  void spill();
  /// What was written so far, by partition; it stays the writer's, which must not go on writing.
  std::vector<protocol::Chunk> written();
  std::uint64_t spilled_bytes() const { return spilled_bytes_; }
  /// Ends writing. Whoever takes the output is responsible for its slabs; without finish() they are
  /// released when the writer is destroyed.
  Output finish();

 private:
  /// The chunk that a partition is writing; all pointers alike when there is none, null when there
  /// never was.
  struct Open {
    std::byte* next = nullptr;
    std::byte* end = nullptr;  ///< of the stretch that is written at present
    std::byte* begin = nullptr;
    std::uint64_t records = 0;
    std::byte* summed = nullptr;  ///< the checksum is made so far
    std::byte* limit = nullptr;   ///< the end of its room
    std::uint64_t capacity = 0;   ///< of its last chunk
    std::size_t running = 0;      ///< its place in running_ plus one; 0: none
  };

  void make_room(std::uint32_t partition, std::size_t max_bytes);
  bool find_room(std::uint32_t partition, std::size_t max_bytes, SlabBump& slabs);
  bool next_stretch(std::uint32_t partition, std::size_t max_bytes);
  void sum(std::uint32_t partition);
  std::uint64_t take_checksum(std::uint32_t partition);
  void begin_without_room(std::uint32_t partition);
  void close_all();
  void close(std::uint32_t partition);
  bool makes_checksums() const { return checksums_ == Checksums::on; }

  storage::NodeArena* arena_;
  SlabBump slabs_;
  SlabBump disk_;
  ZeroedArray<Open> open_;
  std::vector<std::uint32_t> begun_;  ///< partitions whose open_ is not zero
  std::uint64_t first_chunk_;
  /// Of chunks that are longer than a stretch, one for each partition that had such a chunk.
  std::vector<RunningChecksum> running_;
  std::vector<protocol::Chunk> closed_;   ///< in memory
  std::vector<protocol::Chunk> spilled_;  ///< on disk
  std::uint64_t spilled_bytes_ = 0;
  Checksums checksums_;
};

}  // namespace volley::exchange
