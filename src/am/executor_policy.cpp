#include "am/executor_policy.hpp"

#include <algorithm>

namespace volley::am {

using namespace protocol;

ExecutorNeed resolve(const ExecutorsRequested& request, const ApplicationMasterAccepted& cluster) {
  ExecutorNeed need;
  need.as_many_as_fit = request.count == 0;
  need.count = request.count;
  need.cores = request.cores != 0 ? request.cores : std::max(cluster.rank_slots, 1U);
  need.memory = request.memory;
  if (!need.as_many_as_fit) return need;
  std::uint64_t most = cluster.total_slots / need.cores;
  if (need.memory.value != 0) {
    const std::uint64_t memory = cluster.rank_memory.value * cluster.ranks;
    most = std::min(most, memory / need.memory.value);
  }
  need.count = static_cast<std::uint32_t>(std::max<std::uint64_t>(most, 1));
  return need;
}

std::uint32_t executor_failure_limit(std::uint32_t configured, std::uint32_t executors,
                                     std::uint32_t task_max_failures) {
  if (configured != 0) return configured;
  return std::max({3U, 2 * executors, 2 * task_max_failures});
}

bool caused_by_application(const ContainerExit& exit) {
  switch (exit.status) {
    case exit_stopped_by_am:
    case exit_stopped_by_rm:
    case exit_after_completion:
    case exit_launch_failed:
    case -100:
      return false;
    default:
      return true;
  }
}

}  // namespace volley::am
