#include "driver/failure_text.hpp"

#include <fmt/format.h>

namespace volley::driver {

std::string lost_task_text(const LostTask& task) {
  return fmt::format("Lost task {}.{} in stage {}.{} (TID {}) ({} executor {}): {}", task.index,
                     task.attempt, task.stage, task.stage_attempt, task.task, task.host,
                     task.executor, task.reason);
}

std::string abort_text(const LostTask& last, std::uint32_t failures) {
  return fmt::format(
      "Job aborted due to stage failure: Task {} in stage {}.{} failed {} times, most recent "
      "failure: {}",
      last.index, last.stage, last.stage_attempt, failures, lost_task_text(last));
}

std::string executor_lost_text(base::ExecutorId executor, bool caused_by_application,
                               const std::string& reason) {
  return fmt::format("ExecutorLostFailure (executor {} exited {}) Reason: {}", executor,
                     caused_by_application ? "caused by one of the running tasks"
                                           : "unrelated to the running tasks",
                     reason);
}

std::string unschedulable_text(base::StageId stage, std::uint32_t stage_attempt,
                               std::uint32_t index, std::uint32_t partition,
                               const std::string& last_failure) {
  return fmt::format(
      "Job aborted due to stage failure: Aborting TaskSet {}.{} because task {} (partition {}) "
      "cannot run anywhere due to node and executor excludeOnFailure. Most recent failure: {}. "
      "ExcludeOnFailure behavior can be configured via volley.excludeOnFailure.*.",
      stage, stage_attempt, index, partition,
      last_failure.empty() ? "none of this stage" : last_failure);
}

std::string cancelled_text(base::JobId job, const std::string& reason) {
  return fmt::format("Job {} cancelled {}", job, reason);
}

}  // namespace volley::driver
