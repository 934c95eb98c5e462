#include "worker/memory_limit.hpp"

#include <algorithm>

namespace volley::worker {

bool MemoryLimit::exceeded_by(const std::vector<ProcessMemory>& processes) {
  std::uint64_t of_known = 0;
  std::set<std::int64_t> now;
  used_ = 0;
  for (const ProcessMemory& process : processes) {
    used_ += process.bytes;
    if (seen_.contains(process.pid)) of_known += process.bytes;
    now.insert(process.pid);
  }
  seen_ = std::move(now);
  peak_ = std::max(peak_, used_);
  return limit_ != 0 && (used_ > 2 * limit_ || of_known > limit_);
}

}  // namespace volley::worker
