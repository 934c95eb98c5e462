#include "driver/executor_allocation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace volley::driver {

using base::ExecutorId;
using base::TimePoint;

ExecutorAllocation::ExecutorAllocation(AllocationOptions options) : options_(options) {
  target_ = clamped(std::max(options_.initial, options_.minimum));
}

std::uint32_t ExecutorAllocation::clamped(std::uint64_t target) const {
  const std::uint64_t most = options_.maximum == 0 ? UINT32_MAX : options_.maximum;
  return static_cast<std::uint32_t>(
      std::max<std::uint64_t>(std::min(target, most), options_.minimum));
}

std::uint32_t ExecutorAllocation::needed(const Load& load, std::size_t executors) const {
  const auto for_tasks = [&](std::uint64_t tasks) {
    return static_cast<std::uint64_t>(
        std::ceil(static_cast<double>(tasks) * options_.ratio / static_cast<double>(slots_)));
  };
  std::uint64_t all = for_tasks(load.waiting + load.running);
  // Those that are there may not run these tasks: as many have to come on top.
  if (load.unschedulable > 0) all = std::max(all, executors + for_tasks(load.unschedulable));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(all, UINT32_MAX));
}

void ExecutorAllocation::grow(std::uint32_t needed, std::size_t executors) {
  const std::uint32_t before = target_;
  const std::uint64_t from = std::max<std::uint64_t>(target_, executors);
  target_ = clamped(std::min<std::uint64_t>(from + step_, needed));
  // Less than a whole step was added: the next growth begins small again.
  step_ = target_ > before && target_ - before >= step_ ? step_ * 2 : 1;
}

bool ExecutorAllocation::update_target(TimePoint now, const Load& load, std::size_t executors) {
  const std::uint32_t before = target_;
  if (load.waiting + load.running > 0) initializing_ = false;
  if (load.waiting == 0) {
    grow_at_.reset();
    step_ = 1;
  } else if (!grow_at_) {
    grow_at_ = now + options_.backlog;
  }
  if (initializing_) return false;
  const std::uint32_t need = needed(load, executors);
  if (need < target_) {
    target_ = clamped(need);
    step_ = 1;
  } else if (grow_at_ && now >= *grow_at_) {
    grow(need, executors);
    grow_at_ = now + options_.sustained;
  }
  return target_ != before;
}

std::vector<ExecutorId> ExecutorAllocation::idle_ones(TimePoint now,
                                                      const std::vector<Use>& executors,
                                                      const Holders& holders) {
  std::map<ExecutorId, TimePoint> seen;
  std::vector<std::pair<ExecutorId, TimePoint>> idle;
  for (const Use& use : executors) {
    const auto before = first_seen_.find(use.executor);
    const TimePoint first = before == first_seen_.end() ? now : before->second;
    seen.emplace(use.executor, first);
    const TimePoint since = std::max(first, use.last_task);
    if (!use.busy && now - since >= options_.idle) idle.emplace_back(use.executor, since);
  }
  first_seen_ = std::move(seen);
  std::vector<ExecutorId> found;
  if (idle.empty()) return found;
  const std::set<ExecutorId> cached = holders();
  const base::Duration patience = options_.cached_idle;
  for (const auto& [executor, since] : idle) {
    const bool kept =
        cached.contains(executor) && (patience.count() == 0 || now - since < patience);
    if (!kept) found.push_back(executor);
  }
  return found;
}

ExecutorAllocation::Decision ExecutorAllocation::decide(TimePoint now, const Load& load,
                                                        const std::vector<Use>& executors,
                                                        const Holders& holders) {
  Decision decision;
  decision.release = idle_ones(now, executors, holders);
  if (!decision.release.empty()) initializing_ = false;
  decision.target_changed = update_target(now, load, executors.size());
  const std::size_t keep = std::max(target_, options_.minimum);
  const std::size_t surplus = executors.size() - std::min(executors.size(), keep);
  if (decision.release.size() > surplus) decision.release.resize(surplus);
  return decision;
}

}  // namespace volley::driver
