#pragma once
// TaskSetExclusion: where tasks of one stage attempt do not run any more because tasks failed
// there: one task on an executor or a node, or all of the stage's tasks. Pure bookkeeping.

#include "base/ids.hpp"
#include "driver/options.hpp"

#include <cstdint>
#include <map>
#include <set>

namespace volley::driver {

/// Failures of a set's tasks on one executor.
struct ExecutorFailures {
  std::uint32_t node = 0;
  struct Task {
    std::uint32_t count = 0;
    base::TimePoint last{};
  };
  std::map<std::uint32_t, Task> tasks;  ///< by index
};

class TaskSetExclusion {
 public:
  explicit TaskSetExclusion(const ExclusionOptions& options) : options_(options) {}

  /// What one more failure has excluded from the stage.
  struct News {
    bool executor = false;
    bool node = false;
  };
  News failed(base::ExecutorId executor, std::uint32_t node, std::uint32_t index,
              base::TimePoint now);

  bool excludes_task(std::uint32_t index, base::ExecutorId executor, std::uint32_t node) const;
  bool excludes(base::ExecutorId executor, std::uint32_t node) const {
    return options_.task_and_stage && (executors_.contains(executor) || nodes_.contains(node));
  }
  bool empty() const { return failures_.empty(); }
  const std::map<base::ExecutorId, ExecutorFailures>& failures() const { return failures_; }

 private:
  ExclusionOptions options_;
  std::map<base::ExecutorId, ExecutorFailures> failures_;
  std::map<std::uint32_t, std::set<std::uint32_t>> tasks_by_node_;  ///< excluded there
  std::set<base::ExecutorId> executors_;
  std::set<std::uint32_t> nodes_;
};

}  // namespace volley::driver
