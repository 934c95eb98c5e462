#include "launch/allocation_settings.hpp"

#include <algorithm>

namespace volley::launch {

protocol::MemoryOverhead memory_overhead(const config::Configuration& configuration,
                                         const std::string& who) {
  const std::string prefix = "volley." + who + ".";
  return {configuration.bytes(prefix + "memoryOverhead"),
          configuration.number(prefix + "memoryOverheadFactor"),
          configuration.bytes(prefix + "minMemoryOverhead")};
}

driver::AllocationOptions allocation_options(const config::Configuration& configuration) {
  const std::string prefix = "volley.dynamicAllocation.";
  const auto number = [&](const std::string& key) {
    return static_cast<std::uint32_t>(configuration.integer(key));
  };
  driver::AllocationOptions options;
  options.enabled = configuration.flag(prefix + "enabled");
  options.minimum = number(prefix + "minExecutors");
  options.maximum = number(prefix + "maxExecutors");
  options.initial =
      std::max(number(prefix + "initialExecutors"), number("volley.executor.instances"));
  options.ratio = configuration.number(prefix + "executorAllocationRatio");
  options.backlog = configuration.duration(prefix + "schedulerBacklogTimeout");
  options.sustained = configuration.duration(prefix + "sustainedSchedulerBacklogTimeout");
  if (options.sustained.count() == 0) options.sustained = options.backlog;
  options.idle = configuration.duration(prefix + "executorIdleTimeout");
  options.cached_idle = configuration.duration(prefix + "cachedExecutorIdleTimeout");
  return options;
}

protocol::ExecutorsRequested executors_requested(const config::Configuration& configuration) {
  protocol::ExecutorsRequested request;
  request.count = static_cast<std::uint32_t>(configuration.integer("volley.executor.instances"));
  request.cores = static_cast<std::uint32_t>(configuration.integer("volley.executor.cores"));
  request.memory = configuration.bytes("volley.executor.memory");
  request.overhead = memory_overhead(configuration, "executor");
  return request;
}

void set_failure_limits(am::ApplicationMaster::Options& options,
                        const config::Configuration& configuration) {
  options.max_executor_failures =
      static_cast<std::uint32_t>(configuration.integer("volley.executor.maxNumFailures"));
  options.task_max_failures =
      static_cast<std::uint32_t>(configuration.integer("volley.task.maxFailures"));
  options.failures_validity = configuration.duration("volley.executor.failuresValidityInterval");
  options.node_health.enabled =
      configuration.flag("volley.executor.launch.excludeOnFailure.enabled");
}

}  // namespace volley::launch
