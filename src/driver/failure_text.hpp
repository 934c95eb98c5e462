#pragma once
// The words in which users read failures: Spark's, since people search for them.

#include "base/ids.hpp"

#include <cstdint>
#include <string>

namespace volley::driver {

/// A task attempt that ended badly.
struct LostTask {
  std::uint32_t index = 0;
  std::uint32_t attempt = 0;
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  base::TaskId task = 0;
  std::string host;
  base::ExecutorId executor = 0;
  std::string reason;
};

/// "Lost task 3.3 in stage 0.0 (TID 17) (node7 executor 2): reason"
std::string lost_task_text(const LostTask& task);
/// The job's error after `failures` failures of one task.
std::string abort_text(const LostTask& last, std::uint32_t failures);
std::string executor_lost_text(base::ExecutorId executor, bool caused_by_application,
                               const std::string& reason);
/// A task that failures have excluded from every place.
std::string unschedulable_text(base::StageId stage, std::uint32_t stage_attempt,
                               std::uint32_t index, std::uint32_t partition,
                               const std::string& last_failure);
std::string cancelled_text(base::JobId job, const std::string& reason);

}  // namespace volley::driver
