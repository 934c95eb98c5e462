#include "launch/allocation_settings.hpp"

namespace volley::launch {

protocol::MemoryOverhead memory_overhead(const config::Configuration& configuration,
                                         const std::string& who) {
  const std::string prefix = "volley." + who + ".";
  return {configuration.bytes(prefix + "memoryOverhead"),
          configuration.number(prefix + "memoryOverheadFactor"),
          configuration.bytes(prefix + "minMemoryOverhead")};
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
