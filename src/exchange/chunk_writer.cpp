#include "exchange/chunk_writer.hpp"

#include "exchange/arena_full.hpp"

#include <xxhash.h>

#include <algorithm>

namespace volley::exchange {
namespace {

constexpr std::uint64_t first_chunk = 1024;

}  // namespace

ChunkWriter::ChunkWriter(storage::NodeArena& arena, storage::NodeArena::Owner owner,
                         std::uint32_t reducers)
    : arena_(&arena), slabs_(arena, owner) {
  std::byte* nowhere = arena.at(0);  // a valid address for records of no bytes
  open_.assign(reducers, Open{nowhere, nowhere, nowhere, 0, 0});
}

void ChunkWriter::make_room(std::uint32_t partition, std::size_t max_bytes) {
  Open& open = open_[partition];
  const std::uint64_t needed = std::max<std::uint64_t>(aligned(max_bytes), block_alignment);
  const std::uint64_t doubled =
      std::clamp(2 * open.capacity, first_chunk, std::max(first_chunk, slabs_.slab_bytes()));
  std::uint64_t wanted = std::max(doubled, needed);
  // The end of a slab is used up by a chunk that is shorter, as long as it is not much shorter.
  if (slabs_.remaining() >= std::max(needed, wanted / 4)) {
    wanted = std::min(wanted, slabs_.remaining());
  }
  const bool has_chunk = open.end != open.begin;
  if (has_chunk && slabs_.extend(static_cast<std::uint64_t>(open.end - arena_->at(0)), wanted)) {
    open.end += wanted;
    open.capacity = wanted;
    return;
  }
  auto offset = slabs_.allocate(wanted);
  if (!offset && slabs_.remaining() >= needed) {
    wanted = slabs_.remaining();
    offset = slabs_.allocate(wanted);
  }
  if (!offset) throw ArenaFull(arena_full_text(*arena_, wanted, "a map task's output"));
  close(partition);
  open.begin = open.next = arena_->at(*offset);
  open.end = open.begin + wanted;
  open.capacity = wanted;
}

void ChunkWriter::close(std::uint32_t partition) {
  Open& open = open_[partition];
  const auto bytes = static_cast<std::uint64_t>(open.next - open.begin);
  if (bytes != 0 || open.records != 0) {
    closed_.push_back({partition, 0, static_cast<std::uint64_t>(open.begin - arena_->at(0)), bytes,
                       open.records, XXH3_64bits(open.begin, bytes)});
  }
  open.begin = open.next = open.end;
  open.records = 0;
}

ChunkWriter::Output ChunkWriter::finish() {
  for (std::uint32_t partition = 0; partition < open_.size(); ++partition) close(partition);
  std::stable_sort(
      closed_.begin(), closed_.end(),
      [](const protocol::Chunk& a, const protocol::Chunk& b) { return a.partition < b.partition; });
  return {std::move(closed_), slabs_.take()};
}

}  // namespace volley::exchange
