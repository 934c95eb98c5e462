#include "exchange/segment_plan.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace volley::exchange {

std::vector<Segment> plan_segments(std::span<const std::uint64_t> sizes,
                                   std::uint64_t segment_bytes) {
  VOLLEY_CHECK(segment_bytes != 0, "blocks={}", sizes.size());
  const std::uint64_t small = segment_bytes / 8;
  std::vector<Segment> plan;
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
  return plan;
}

}  // namespace volley::exchange
