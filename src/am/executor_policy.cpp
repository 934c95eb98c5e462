#include "am/executor_policy.hpp"

#include <algorithm>

namespace volley::am {

using namespace protocol;

namespace {

/// In whole MiB, at least one.
base::ByteCount memory_share(std::uint32_t cores, const ApplicationMasterAccepted& cluster,
                             base::ByteCount own) {
  const std::uint64_t all = cluster.rank_memory.value;
  const std::uint64_t usable = all - std::min(all, std::max(all / 4, own.value));
  const std::uint32_t slots = std::max({cluster.rank_slots, cores, 1U});
  constexpr std::uint64_t mebibyte = 1ULL << 20U;
  return {std::max(usable / slots * cores / mebibyte, std::uint64_t{1}) * mebibyte};
}

}  // namespace

ExecutorNeed resolve(const ExecutorsRequested& request, const ApplicationMasterAccepted& cluster,
                     base::ByteCount own) {
  ExecutorNeed need;
  need.as_many_as_fit = request.count == 0;
  need.count = request.count;
  need.cores = request.cores != 0 ? request.cores : std::max(cluster.rank_slots, 1U);
  need.memory = request.memory.value != 0 ? request.memory : memory_share(need.cores, cluster, own);
  if (!need.as_many_as_fit) return need;
  std::uint64_t most = cluster.total_slots / need.cores;
  const std::uint64_t memory = cluster.rank_memory.value * cluster.ranks;
  most = std::min(most, memory / need.memory.value);
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
