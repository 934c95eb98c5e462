#pragma once
// Decisions of the ApplicationMaster as pure functions: how many executors to ask for, when
// failures are too many, whether a loss was the application's doing.

#include "protocol/cluster_messages.hpp"

#include <cstdint>

namespace volley::am {

/// What the driver asked for with its zeros resolved.
struct ExecutorNeed {
  std::uint32_t count = 0;  ///< an upper bound when as_many_as_fit
  std::uint32_t cores = 0;
  base::ByteCount memory;
  bool as_many_as_fit = false;
};
/// No memory asked for: the cores' share of a rank's memory, of which a quarter, or at least `own`
/// (what the ApplicationMaster's container has), stays free.
ExecutorNeed resolve(const protocol::ExecutorsRequested& request,
                     const protocol::ApplicationMasterAccepted& cluster, base::ByteCount own);

/// `configured` (volley.executor.maxNumFailures), or max(3, 2 * executors, 2 * task failures) for
/// 0.
std::uint32_t executor_failure_limit(std::uint32_t configured, std::uint32_t executors,
                                     std::uint32_t task_max_failures);

/// False when the cluster, not the program, ended the container.
bool caused_by_application(const protocol::ContainerExit& exit);

}  // namespace volley::am
