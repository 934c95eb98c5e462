#include "exchange/chunk_writer.hpp"

#include "base/units.hpp"
#include "exchange/arena_full.hpp"
#include "exchange/checksum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace volley::exchange {
namespace {

/// The checksum of a chunk is made in pieces of about this size; a few of them fit into a core's
/// second cache.
constexpr std::ptrdiff_t stretch = 64L << 10U;
/// Many partitions must not need many slabs for few records.
std::uint64_t first_chunk(std::uint64_t slab_bytes, std::uint32_t reducers) {
  constexpr std::uint64_t usual = 1024;
  const std::uint64_t share = std::bit_floor(slab_bytes / std::max(reducers, 1U));
  return std::clamp(share, block_alignment, usual);
}

bool by_partition(const protocol::Chunk& a, const protocol::Chunk& b) {
  return a.partition < b.partition;
}

/// What goes to disk in one piece: the chunks of each partition joined, each one aligned.
struct SpillPlan {
  std::vector<protocol::Chunk> chunks;  ///< offsets from the start of the piece
  std::vector<std::span<const std::byte>> blocks;
  std::uint64_t bytes = 0;
};

SpillPlan plan_spill(const std::vector<protocol::Chunk>& sorted, const storage::NodeArena& arena,
                     Checksums checksums) {
  static constexpr std::array<std::byte, block_alignment> padding{};
  SpillPlan plan;
  RunningChecksum hash;
  for (std::size_t i = 0; i < sorted.size();) {
    protocol::Chunk joined{sorted[i].partition, 0, plan.bytes, 0, 0, 0};
    hash.restart();
    for (; i < sorted.size() && sorted[i].partition == joined.partition; ++i) {
      const std::byte* data = arena.at(sorted[i].offset);
      if (checksums == Checksums::on) hash.add({data, sorted[i].bytes});
      plan.blocks.emplace_back(data, sorted[i].bytes);
      joined.bytes += sorted[i].bytes;
      joined.records += sorted[i].records;
    }
    if (checksums == Checksums::on) joined.checksum = hash.value();
    plan.blocks.emplace_back(padding.data(), aligned(joined.bytes) - joined.bytes);
    plan.bytes += aligned(joined.bytes);
    plan.chunks.push_back(joined);
  }
  return plan;
}

}  // namespace

ChunkWriter::ChunkWriter(storage::NodeArena& arena, storage::NodeArena::Owner owner,
                         std::uint32_t reducers, std::uint64_t working_set, Checksums checksums)
    : arena_(&arena),
      slabs_(arena, owner, SlabBump::Place::memory, std::max<std::uint64_t>(working_set, 1)),
      disk_(arena, owner, SlabBump::Place::disk),
      open_(reducers),
      first_chunk_(first_chunk(arena.slab_bytes(), reducers)),
      checksums_(checksums) {}

void ChunkWriter::make_room(std::uint32_t partition, std::size_t max_bytes) {
  if (next_stretch(partition, max_bytes) || find_room(partition, max_bytes, slabs_)) return;
  if (arena_->disk_slabs() != 0) {
    if (!slabs_.empty()) spill();
    if (find_room(partition, max_bytes, slabs_)) return;
    // Others hold all memory, and how long they will is unknown.
    if (find_room(partition, max_bytes, disk_)) return;
  }
  throw ArenaFull(arena_full_text(*arena_, max_bytes, "a map task's output"));
}

/// Goes on in the room that the chunk has left, if it is enough.
bool ChunkWriter::next_stretch(std::uint32_t partition, std::size_t max_bytes) {
  Open& open = open_[partition];
  const auto needed = static_cast<std::ptrdiff_t>(max_bytes);
  if (open.limit - open.next < needed) return false;
  sum(partition);
  open.end = open.next + std::min(open.limit - open.next, std::max(stretch, needed));
  return true;
}

/// Adds what was written since the last time to the chunk's checksum.
void ChunkWriter::sum(std::uint32_t partition) {
  Open& open = open_[partition];
  if (!makes_checksums() || open.next == open.summed) return;
  if (open.running == 0) {
    running_.emplace_back();
    open.running = running_.size();
  }
  RunningChecksum& running = running_[open.running - 1];
  if (open.summed == open.begin) running.restart();
  running.add({open.summed, open.next});
  open.summed = open.next;
}

std::uint64_t ChunkWriter::take_checksum(std::uint32_t partition) {
  Open& open = open_[partition];
  if (!makes_checksums()) return 0;
  if (open.summed == open.begin) return checksum_of({open.begin, open.next});
  sum(partition);
  return running_[open.running - 1].value();
}

/// Ends the partition's chunk and begins another one, or makes it longer; false when `slabs` are
/// out.
bool ChunkWriter::find_room(std::uint32_t partition, std::size_t max_bytes, SlabBump& slabs) {
  Open& open = open_[partition];
  const std::uint64_t needed = std::max<std::uint64_t>(aligned(max_bytes), block_alignment);
  const std::uint64_t doubled =
      std::clamp(2 * open.capacity, first_chunk_, std::max(first_chunk_, slabs.slab_bytes()));
  std::uint64_t wanted = std::max(doubled, needed);
  // The end of a slab is used up by a chunk that is shorter, as long as it is not much shorter.
  if (slabs.remaining() >= std::max(needed, wanted / 4)) {
    wanted = std::min(wanted, slabs.remaining());
  }
  const bool has_chunk = open.limit != open.begin;
  if (has_chunk && slabs.extend(static_cast<std::uint64_t>(open.limit - arena_->at(0)), wanted)) {
    open.limit += wanted;
    open.capacity = wanted;
    return next_stretch(partition, max_bytes);
  }
  auto offset = slabs.allocate(wanted);
  if (!offset && slabs.remaining() >= needed) {
    wanted = slabs.remaining();
    offset = slabs.allocate(wanted);
  }
  if (!offset) return false;
  if (open.begin == nullptr) begun_.push_back(partition);
  close(partition);
  open.begin = open.next = open.summed = arena_->at(*offset);
  open.limit = open.begin + wanted;
  open.capacity = wanted;
  return next_stretch(partition, max_bytes);
}

/// Records of no bytes need a valid address all the same.
void ChunkWriter::begin_without_room(std::uint32_t partition) {
  Open& open = open_[partition];
  open.begin = open.next = open.summed = open.end = open.limit = arena_->at(0);
  begun_.push_back(partition);
}

void ChunkWriter::close(std::uint32_t partition) {
  Open& open = open_[partition];
  const auto bytes = static_cast<std::uint64_t>(open.next - open.begin);
  if (bytes != 0 || open.records != 0) {
    const auto offset = static_cast<std::uint64_t>(open.begin - arena_->at(0));
    const bool on_disk = bytes != 0 && arena_->on_disk(offset);
    (on_disk ? spilled_ : closed_)
        .push_back({partition, 0, offset, bytes, open.records, take_checksum(partition)});
    if (on_disk) spilled_bytes_ += bytes;
  }
  open.begin = open.next = open.summed = open.end = open.limit;
  open.records = 0;
}

void ChunkWriter::close_all() {
  for (const std::uint32_t partition : begun_) close(partition);
  std::stable_sort(closed_.begin(), closed_.end(), by_partition);
}

void ChunkWriter::spill() {
  close_all();
  SpillPlan plan = plan_spill(closed_, *arena_, checksums_);
  if (plan.bytes != 0) {
    const auto offset = disk_.allocate(plan.bytes);
    if (!offset) throw ArenaFull(arena_full_text(*arena_, plan.bytes, "a map task's output"));
    if (!arena_->write_disk(*offset, plan.blocks)) {
      throw ArenaFull(fmt::format("cannot write {} to the scratch disk (volley.local.dir): {}",
                                  base::format_bytes(plan.bytes), std::strerror(errno)));
    }
    for (protocol::Chunk& chunk : plan.chunks) chunk.offset += *offset;
    spilled_bytes_ += plan.bytes;
  }
  spilled_.insert(spilled_.end(), plan.chunks.begin(), plan.chunks.end());
  closed_.clear();
  slabs_.release();
  for (const std::uint32_t partition : begun_) open_[partition] = {};
  begun_.clear();
  running_.clear();
}

std::vector<protocol::Chunk> ChunkWriter::written() {
  close_all();
  std::vector<protocol::Chunk> chunks = spilled_;
  chunks.insert(chunks.end(), closed_.begin(), closed_.end());
  std::stable_sort(chunks.begin(), chunks.end(), by_partition);
  return chunks;
}

ChunkWriter::Output ChunkWriter::finish() {
  // What others keep in memory already must not be joined by the working sets of all tasks.
  if (!spilled_.empty() && arena_->over_budget()) spill();
  std::vector<protocol::Chunk> chunks = written();
  spilled_.clear();
  closed_.clear();
  std::vector<std::uint64_t> slabs = slabs_.take();
  const std::vector<std::uint64_t> on_disk = disk_.take();
  slabs.insert(slabs.end(), on_disk.begin(), on_disk.end());
  return {std::move(chunks), std::move(slabs), std::exchange(spilled_bytes_, 0)};
}

}  // namespace volley::exchange
