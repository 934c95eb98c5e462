#pragma once
// Decisions of the ApplicationMaster as pure functions: how many executors to ask for and how large
// their containers are, when failures are too many, whose doing a loss was.

#include "protocol/cluster_messages.hpp"

#include <cstdint>

namespace volley::am {

/// What the driver asked for with its zeros resolved.
struct ExecutorNeed {
  std::uint32_t count = 0;  ///< an upper bound when as_many_as_fit
  std::uint32_t cores = 0;
  base::ByteCount memory;     ///< for the program
  base::ByteCount container;  ///< memory with the overhead
  bool as_many_as_fit = false;
  bool exact = false;      ///< as in the request
  std::uint32_t most = 0;  ///< executors at a time, as far as is known
};
/// No memory asked for: the cores' share of a rank's memory, of which a quarter, or at least `own`
/// (what the ApplicationMaster's container has), stays free; the overhead comes out of that quarter
/// as far as it can. A changing need is no more than what the cluster could hold.
ExecutorNeed resolve(const protocol::ExecutorsRequested& request,
                     const protocol::ApplicationMasterAccepted& cluster, base::ByteCount own);

/// The overhead that goes with so much memory.
base::ByteCount overhead_of(const protocol::MemoryOverhead& rule, base::ByteCount memory);

/// `configured` (volley.executor.maxNumFailures), or max(3, 2 * executors, 2 * task failures) for
/// 0.
std::uint32_t executor_failure_limit(std::uint32_t configured, std::uint32_t executors,
                                     std::uint32_t task_max_failures);

/// Whether the tasks that ran there may be to blame: false when the cluster ended the container.
bool caused_by_application(const protocol::ContainerExit& exit);
/// Whether it counts towards the limit on executor failures, as in YARN: an end that somebody
/// ordered, a lost rank and an exit with 0 do not.
bool counts_as_failure(const protocol::ContainerExit& exit);

}  // namespace volley::am
