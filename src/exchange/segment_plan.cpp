#include "exchange/segment_plan.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstring>

namespace volley::exchange {
namespace {

using Blocks = std::span<const std::span<const std::byte>>;

/// Larger blocks are worth a message of their own.
constexpr std::uint64_t largest_packed = 64ULL << 10U;

/// Calls visit(block, position in the segment) for every block of a segment that is not empty.
template <class Visit>
void each_block(Blocks blocks, const Segment& segment, Visit&& visit) {
  std::uint64_t position = 0;
  for (std::size_t i = segment.block; i < segment.block + segment.count; ++i) {
    if (!blocks[i].empty()) visit(blocks[i], position);
    position += aligned(blocks[i].size());
  }
}

/// Whether they take more than one eager message, and few enough that eager ones are faster.
bool goes_eagerly(std::span<const std::uint64_t> sizes, std::uint64_t segment_bytes,
                  std::uint64_t eager_bytes) {
  const std::uint64_t most = std::min(eager_messages * eager_bytes, segment_bytes / 8);
  std::uint64_t total = 0;
  for (const std::uint64_t bytes : sizes) {
    if (bytes > most) return false;  // before it is added: sums stay small
    total += aligned(bytes);
    if (total > most) return false;
  }
  return total > eager_bytes;
}

}  // namespace

std::vector<Segment> plan_segments(std::span<const std::uint64_t> sizes,
                                   std::uint64_t segment_bytes) {
  std::vector<Segment> plan;
  plan_segments(sizes, segment_bytes, 0, plan);
  return plan;
}

void plan_segments(std::span<const std::uint64_t> sizes, std::uint64_t segment_bytes,
                   std::uint64_t eager_bytes, std::vector<Segment>& plan) {
  VOLLEY_CHECK(segment_bytes != 0 && plan.empty(), "blocks={}", sizes.size());
  std::uint64_t small = std::min(segment_bytes / 8, largest_packed);
  if (eager_bytes != 0 && goes_eagerly(sizes, segment_bytes, eager_bytes)) {
    small = segment_bytes = eager_bytes;
  }
  bool open = false;  // whether the last segment takes more blocks
  for (std::size_t block = 0; block < sizes.size(); ++block) {
    const std::uint64_t bytes = sizes[block];
    if (bytes == 0) continue;
    if (bytes <= small) {
      if (open && aligned(plan.back().bytes) + bytes <= segment_bytes) {
        plan.back().count = block - plan.back().block + 1;
        plan.back().bytes = aligned(plan.back().bytes) + bytes;
      } else {
        plan.push_back({block, 1, 0, bytes});
        open = true;
      }
      continue;
    }
    open = false;
    for (std::uint64_t offset = 0; offset < bytes; offset += segment_bytes) {
      plan.push_back({block, 1, offset, std::min(segment_bytes, bytes - offset)});
    }
  }
}

bool lies_packed(Blocks blocks, const Segment& segment) {
  bool packed = true;
  const std::byte* start = blocks[segment.block].data();
  each_block(blocks, segment, [&](std::span<const std::byte> block, std::uint64_t position) {
    packed = packed && block.data() == start + position;
  });
  return packed;
}

void pack_segment(Blocks blocks, const Segment& segment, std::byte* out) {
  std::uint64_t end = 0;
  each_block(blocks, segment, [&](std::span<const std::byte> block, std::uint64_t position) {
    std::memset(out + end, 0, position - end);
    std::memcpy(out + position, block.data(), block.size());
    end = position + block.size();
  });
}

}  // namespace volley::exchange
