#include "launch/scheduling_options.hpp"

#include "base/check.hpp"
#include "config/pool_file.hpp"

namespace volley::launch {
namespace {

using config::Configuration;

std::uint32_t count(const Configuration& from, const std::string& key) {
  return static_cast<std::uint32_t>(from.integer(key));
}

driver::SpeculationOptions speculation(const Configuration& from) {
  const std::string prefix = "volley.speculation.";
  driver::SpeculationOptions options;
  options.enabled = from.flag("volley.speculation");
  options.interval = from.duration(prefix + "interval");
  options.multiplier = from.number(prefix + "multiplier");
  options.quantile = from.number(prefix + "quantile");
  options.min_runtime = from.duration(prefix + "minTaskRuntime");
  options.duration_threshold = from.duration(prefix + "task.duration.threshold");
  return options;
}

driver::ExclusionOptions exclusion(const Configuration& from) {
  const std::string prefix = "volley.excludeOnFailure.";
  const bool enabled = from.flag(prefix + "enabled");
  const auto either = [&](const std::string& key) {
    const std::string text = from.text(prefix + key);
    return text == "auto" ? enabled : text == "true";
  };
  driver::ExclusionOptions options;
  options.task_and_stage = either("taskAndStage.enabled");
  options.application = either("application.enabled");
  options.task_attempts_per_executor = count(from, prefix + "task.maxTaskAttemptsPerExecutor");
  options.task_attempts_per_node = count(from, prefix + "task.maxTaskAttemptsPerNode");
  options.stage_tasks_per_executor = count(from, prefix + "stage.maxFailedTasksPerExecutor");
  options.stage_executors_per_node = count(from, prefix + "stage.maxFailedExecutorsPerNode");
  options.application_tasks_per_executor =
      count(from, prefix + "application.maxFailedTasksPerExecutor");
  options.application_executors_per_node =
      count(from, prefix + "application.maxFailedExecutorsPerNode");
  options.timeout = from.duration(prefix + "timeout");
  options.kill = from.flag(prefix + "killExcludedExecutors");
  options.unschedulable_wait =
      from.duration("volley.scheduler.excludeOnFailure.unschedulableTaskSetTimeout");
  return options;
}

std::vector<driver::PoolOptions> pools(const Configuration& from) {
  std::vector<driver::PoolOptions> pools;
  const std::string file = from.text("volley.scheduler.allocation.file");
  if (file.empty()) return pools;
  const auto read = config::read_pool_file(file);
  VOLLEY_CHECK(read.ok(), "{}", read.error());
  for (const config::PoolSetting& pool : read.value()) {
    const auto mode = pool.fair ? driver::ScheduleMode::fair : driver::ScheduleMode::fifo;
    pools.push_back({pool.name, pool.parent, mode, pool.weight, pool.min_share});
  }
  return pools;
}

}  // namespace

void read_scheduling_options(const Configuration& from, driver::Options& options) {
  options.max_failures = count(from, "volley.task.maxFailures");
  options.max_consecutive_attempts = count(from, "volley.stage.maxConsecutiveAttempts");
  options.max_stage_attempts = count(from, "volley.stage.maxAttempts");
  const auto wait = [&](const std::string& level) {
    const std::string general = "volley.locality.wait";
    return from.duration(from.is_set(general + level) ? general + level : general);
  };
  options.locality_wait = {wait(".process"), wait(".node")};
  const std::string adaptive = "volley.adaptive.";
  options.parts = {from.number(adaptive + "skewedPartitionFactor"),
                   from.bytes(adaptive + "skewedPartitionThreshold"),
                   from.bytes(adaptive + "advisoryPartitionSize")};
  options.speculation = speculation(from);
  options.exclusion = exclusion(from);
  options.reaper.enabled = from.flag("volley.task.reaper.enabled");
  options.reaper.polling = from.duration("volley.task.reaper.pollingInterval");
  const base::Duration limit = from.duration("volley.task.reaper.killTimeout");
  if (limit.count() > 0) options.reaper.kill_timeout = limit;
  options.decommission.kill_interval = from.duration("volley.executor.decommission.killInterval");
  options.decommission.force_kill = from.duration("volley.executor.decommission.forceKillTimeout");
  const std::string check = "volley.scheduler.barrier.maxConcurrentTasksCheck.";
  options.barrier.check_interval = from.duration(check + "interval");
  options.barrier.checks = count(from, check + "maxFailures");
  options.barrier.sync_timeout = from.duration("volley.barrier.sync.timeout");
  const bool fair = from.text("volley.scheduler.mode") == "FAIR";
  options.schedule_mode = fair ? driver::ScheduleMode::fair : driver::ScheduleMode::fifo;
  if (fair) options.pools = pools(from);
}

}  // namespace volley::launch
