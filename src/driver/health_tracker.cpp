#include "driver/health_tracker.hpp"

namespace volley::driver {

HealthTracker::News HealthTracker::set_succeeded(
    base::StageId stage, std::uint32_t stage_attempt,
    const std::map<base::ExecutorId, ExecutorFailures>& failures, base::TimePoint now) {
  News news;
  for (const auto& [executor, in_set] : failures) {
    auto& known = failures_[executor];
    for (const auto& [index, task] : in_set.tasks) {
      known[{stage, stage_attempt, index}] = task.last + options_.timeout;
    }
    std::erase_if(known, [&](const auto& entry) { return entry.second <= now; });
    if (known.size() < options_.application_tasks_per_executor) continue;
    const base::TimePoint until = now + options_.timeout;
    if (!executors_.try_emplace(executor, Excluded{in_set.node, until}).second) continue;
    news.executors.push_back(executor);
    auto& on_node = excluded_by_node_[in_set.node];
    on_node.insert(executor);
    if (on_node.size() < options_.application_executors_per_node) continue;
    if (nodes_.try_emplace(in_set.node, until).second) news.nodes.push_back(in_set.node);
  }
  return news;
}

HealthTracker::News HealthTracker::expire(base::TimePoint now) {
  News news;
  for (const auto& [executor, excluded] : executors_) {
    if (excluded.until > now) continue;
    news.executors.push_back(executor);
    const auto on_node = excluded_by_node_.find(excluded.node);
    on_node->second.erase(executor);
    if (on_node->second.empty()) excluded_by_node_.erase(on_node);
    failures_.erase(executor);
  }
  std::erase_if(executors_, [&](const auto& entry) { return entry.second.until <= now; });
  for (const auto& [node, until] : nodes_) {
    if (until <= now) news.nodes.push_back(node);
  }
  std::erase_if(nodes_, [&](const auto& entry) { return entry.second <= now; });
  return news;
}

}  // namespace volley::driver
