#pragma once
// MemoryLimit: whether a container uses more memory than it was granted. A decision over what was
// measured, without clock or files. As in YARN, a process that is new gets away with one look
// above the limit, since a fork counts twice for a moment; twice the limit is too much at once.

#include "base/units.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace volley::worker {

/// One process of a container and what it holds of the node's memory: its own pages and its part
/// of those that it shares, without the node's arena and without files, which the kernel can drop.
struct ProcessMemory {
  std::int64_t pid = 0;
  std::uint64_t bytes = 0;
};

class MemoryLimit {
 public:
  /// 0: no limit.
  explicit MemoryLimit(std::uint64_t limit = 0) : limit_(limit) {}

  /// Whether it is too much, by a look at all its processes.
  bool exceeded_by(const std::vector<ProcessMemory>& processes);

  std::uint64_t limit() const { return limit_; }
  std::uint64_t used() const { return used_; }  ///< at the last look
  std::uint64_t peak() const { return peak_; }  ///< of all looks

 private:
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
  std::set<std::int64_t> seen_;  ///< processes at the last look
};

}  // namespace volley::worker
