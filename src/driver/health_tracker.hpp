#pragma once
// HealthTracker: executors and nodes that the whole application avoids for a while, since tasks
// failed there in stages that succeeded elsewhere. Failures count once for each task of a set and
// are forgotten after the time-out, as is an exclusion. Pure bookkeeping.

#include "driver/exclusion.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace volley::driver {

class HealthTracker {
 public:
  explicit HealthTracker(const ExclusionOptions& options) : options_(options) {}

  struct News {
    std::vector<base::ExecutorId> executors;
    std::vector<std::uint32_t> nodes;
    bool empty() const { return executors.empty() && nodes.empty(); }
  };
  /// A set has succeeded with these failures. Returns what is excluded from now on.
  News set_succeeded(base::StageId stage, std::uint32_t stage_attempt,
                     const std::map<base::ExecutorId, ExecutorFailures>& failures,
                     base::TimePoint now);
  /// Ends exclusions that are over, and returns them.
  News expire(base::TimePoint now);
  void executor_removed(base::ExecutorId executor) { failures_.erase(executor); }

  bool excludes(base::ExecutorId executor, std::uint32_t node) const {
    return executors_.contains(executor) || nodes_.contains(node);
  }
  bool empty() const { return executors_.empty() && nodes_.empty(); }

 private:
  using Failure = std::tuple<base::StageId, std::uint32_t, std::uint32_t>;
  struct Excluded {
    std::uint32_t node = 0;
    base::TimePoint until{};
  };

  ExclusionOptions options_;
  std::map<base::ExecutorId, std::map<Failure, base::TimePoint>> failures_;  ///< and their end
  std::map<base::ExecutorId, Excluded> executors_;
  std::map<std::uint32_t, base::TimePoint> nodes_;
  std::map<std::uint32_t, std::set<base::ExecutorId>> excluded_by_node_;
};

}  // namespace volley::driver
