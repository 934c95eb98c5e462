#include "driver/usable_places.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace volley::driver {

namespace {

AvoidedNodes shared(std::vector<std::uint32_t> nodes) {
  if (nodes.empty()) return nullptr;
  return std::make_shared<const std::vector<std::uint32_t>>(std::move(nodes));
}

}  // namespace

LiveExecutors::LiveExecutors(const WorkerTable& workers, const HealthTracker& health) {
  for (const auto& [key, worker] : workers.workers()) {
    if (!worker.live || worker.slots == 0) continue;
    const bool usable = !health.excludes(key.executor, worker.node);
    nodes_[worker.node].push_back({key.executor, worker.slots, usable});
  }
}

UsablePlaces::UsablePlaces(const LiveExecutors& live, const TaskSetExclusion& exclusion)
    : live_(live), exclusion_(exclusion) {
  std::vector<std::uint32_t> none_left;
  for (const auto& [node, executors] : live.nodes()) {
    bool some = false;
    for (const LiveExecutors::Entry& entry : executors) {
      if (!entry.usable || exclusion.excludes(entry.executor, node)) continue;
      some = true;
      slots_ += entry.slots;
    }
    usable_.emplace(node, some);
    if (!some) none_left.push_back(node);
  }
  avoided_ = shared(std::move(none_left));
}

bool UsablePlaces::on_executor(base::ExecutorId executor, std::uint32_t node, Which task) const {
  const auto there = live_.nodes().find(node);
  if (there == live_.nodes().end() || exclusion_.excludes(executor, node)) return false;
  if (task.failed && exclusion_.excludes_task(task.index, executor, node)) return false;
  return std::any_of(there->second.begin(), there->second.end(),
                     [&](const auto& entry) { return entry.executor == executor && entry.usable; });
}

bool UsablePlaces::on_node(std::uint32_t node, Which task) const {
  const auto found = usable_.find(node);
  if (found == usable_.end() || !found->second) return false;
  if (!task.failed) return true;
  const auto& there = live_.nodes().at(node);
  return std::any_of(there.begin(), there.end(), [&](const auto& entry) {
    return entry.usable && !exclusion_.excludes(entry.executor, node) &&
           !exclusion_.excludes_task(task.index, entry.executor, node);
  });
}

bool UsablePlaces::anywhere(Which task) const {
  if (!task.failed) return slots_ > 0;
  return std::any_of(usable_.begin(), usable_.end(),
                     [&](const auto& entry) { return on_node(entry.first, task); });
}

AvoidedNodes UsablePlaces::avoided(Which task) const {
  if (!task.failed) return avoided_;
  std::vector<std::uint32_t> nodes;
  for (const auto& [node, executors] : live_.nodes()) {
    if (!on_node(node, task)) nodes.push_back(node);
  }
  return shared(std::move(nodes));
}

}  // namespace volley::driver
