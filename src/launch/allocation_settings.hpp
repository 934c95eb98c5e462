#pragma once
// What the configuration says of containers and executors, in the roles' terms.

#include "am/application_master.hpp"
#include "config/configuration.hpp"
#include "driver/executor_allocation.hpp"
#include "protocol/cluster_messages.hpp"

#include <string>

namespace volley::launch {

/// volley.WHO.memoryOverhead and its kin; WHO is executor or driver.
protocol::MemoryOverhead memory_overhead(const config::Configuration& configuration,
                                         const std::string& who);
/// volley.dynamicAllocation.*
driver::AllocationOptions allocation_options(const config::Configuration& configuration);
/// The driver's first request for executors.
protocol::ExecutorsRequested executors_requested(const config::Configuration& configuration);
/// Limits on failures, of executors and of nodes.
void set_failure_limits(am::ApplicationMaster::Options& options,
                        const config::Configuration& configuration);

}  // namespace volley::launch
