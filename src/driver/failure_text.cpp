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

std::string cancelled_text(base::JobId job, const std::string& reason) {
  return fmt::format("Job {} cancelled {}", job, reason);
}

}  // namespace volley::driver
