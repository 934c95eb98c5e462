#pragma once
// The segment plan: how a list of blocks becomes messages of bounded size. Sender and receiver
// derive the same plan from the same list, so that nothing but the list has to be agreed on.
//
// Small blocks that follow each other share a segment, each at the next multiple of 64 bytes: the
// receiver lets the segment land in its arena as it is, and every block is aligned there. All
// other blocks go alone, in as many pieces as they need, straight from and to their memory.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace volley::exchange {

inline constexpr std::uint64_t block_alignment = 64;

constexpr std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + block_alignment - 1) & ~(block_alignment - 1);
}

/// One message. `count` > 1: whole blocks, some perhaps empty, each at the aligned end of the one
/// before. `count` == 1: `bytes` of one block from `offset` on.
struct Segment {
  std::size_t block = 0;
  std::size_t count = 1;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Segment&) const = default;
};

/// The segments of blocks of these sizes, in order; at most `segment_bytes` each (at least 1).
/// Blocks of up to an eighth of that, and 64 KiB, are packed. Empty blocks take part in no message.
std::vector<Segment> plan_segments(std::span<const std::uint64_t> sizes,
                                   std::uint64_t segment_bytes);
/// The same into `plan`, which is empty. Streams of more than `eager_bytes`, and not of more than
/// five times of that or an eighth of a segment, go in segments of at most `eager_bytes`: what an
/// MPI library copies away at once (DataChannel::eager_bytes) is there before one large message has
/// asked for its receiver. Blocks of a segment are neighbours in the plan without that, too. 0: no
/// such streams.
void plan_segments(std::span<const std::uint64_t> sizes, std::uint64_t segment_bytes,
                   std::uint64_t eager_bytes, std::vector<Segment>& plan);

/// How many messages of `eager_bytes` a stream goes in at most. With 9 (32 KiB) an exchange took
/// 0.75 of the time of one large message between cores that share a cache, but 1.4 times as long
/// between others.
inline constexpr std::uint64_t eager_messages = 5;

/// Whether the plan of one block of this size is one segment.
constexpr bool is_one_segment(std::uint64_t bytes, std::uint64_t segment_bytes,
                              std::uint64_t eager_bytes) {
  if (bytes == 0 || bytes > segment_bytes) return false;
  return bytes <= eager_bytes ||
         aligned(bytes) > std::min(eager_messages * eager_bytes, segment_bytes / 8);
}

/// Whether the blocks of a segment lie in memory as the segment has them.
bool lies_packed(std::span<const std::span<const std::byte>> blocks, const Segment& segment);
/// Writes the segment's bytes to `out`; zeros lie between the blocks.
void pack_segment(std::span<const std::span<const std::byte>> blocks, const Segment& segment,
                  std::byte* out);

}  // namespace volley::exchange
