#include "am/executor_policy.hpp"

#include <algorithm>

namespace volley::am {

using namespace protocol;
using base::ByteCount;

namespace {

constexpr std::uint64_t mebibyte = 1ULL << 20U;

std::uint64_t scaled(ByteCount memory, double factor) {
  return static_cast<std::uint64_t>(static_cast<double>(memory.value) * factor);
}

/// In whole MiB, at least one.
ByteCount whole(std::uint64_t bytes) {
  return {std::max(bytes / mebibyte, std::uint64_t{1}) * mebibyte};
}

void share_memory(ExecutorNeed& need, const ExecutorsRequested& request,
                  const ApplicationMasterAccepted& cluster, ByteCount own) {
  const std::uint64_t all = cluster.rank_memory.value;
  const std::uint32_t slots = std::max({cluster.rank_slots, need.cores, 1U});
  const auto share = [&](std::uint64_t reserved) {
    return whole((all - std::min(all, reserved)) / slots * need.cores);
  };
  const ByteCount usable = share(own.value);
  need.memory = share(std::max(all / 4, own.value));
  const MemoryOverhead& rule = request.overhead;
  const std::uint64_t overhead =
      rule.exact.value != 0 ? rule.exact.value : scaled(need.memory, rule.factor);
  need.container = {std::min(need.memory.value + overhead, usable.value)};
  const std::uint64_t left = need.container.value - std::min(need.container.value, overhead);
  need.memory = {std::min(need.memory.value, whole(left).value)};
}

std::uint32_t most_that_fit(const ExecutorNeed& need, const ApplicationMasterAccepted& cluster) {
  const std::uint64_t memory = cluster.rank_memory.value * cluster.ranks;
  const std::uint64_t most =
      std::min<std::uint64_t>(cluster.total_slots / need.cores, memory / need.container.value);
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(most, 1));
}

}  // namespace

ByteCount overhead_of(const MemoryOverhead& rule, ByteCount memory) {
  if (rule.exact.value != 0) return rule.exact;
  return {std::max(rule.minimum.value, scaled(memory, rule.factor))};
}

ExecutorNeed resolve(const ExecutorsRequested& request, const ApplicationMasterAccepted& cluster,
                     ByteCount own) {
  ExecutorNeed need;
  need.exact = request.exact;
  need.as_many_as_fit = request.count == 0 && !request.exact;
  need.count = request.count;
  need.cores = request.cores != 0 ? request.cores : std::max(cluster.rank_slots, 1U);
  if (request.memory.value == 0) {
    share_memory(need, request, cluster, own);
  } else {
    need.memory = request.memory;
    need.container = {need.memory.value + overhead_of(request.overhead, need.memory).value};
  }
  const std::uint32_t fit = most_that_fit(need, cluster);
  if (need.as_many_as_fit) need.count = fit;
  if (need.exact) need.count = std::min(need.count, fit);
  need.most = need.count;
  if (need.exact) need.most = request.most == 0 ? fit : std::min(request.most, fit);
  return need;
}

std::uint32_t executor_failure_limit(std::uint32_t configured, std::uint32_t executors,
                                     std::uint32_t task_max_failures) {
  if (configured != 0) return configured;
  return std::max({3U, 2 * executors, 2 * task_max_failures});
}

bool caused_by_application(const ContainerExit& exit) {
  return exit.status == 0 || (counts_as_failure(exit) && exit.status != exit_launch_failed);
}

bool counts_as_failure(const ContainerExit& exit) {
  switch (exit.status) {
    case 0:
    case exit_node_lost:
    case exit_disks_failed:
    case exit_preempted:
    case exit_stopped_by_am:
    case exit_stopped_by_rm:
    case exit_after_completion:
      return false;
    default:
      return true;
  }
}

}  // namespace volley::am
