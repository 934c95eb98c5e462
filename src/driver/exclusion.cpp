#include "driver/exclusion.hpp"

namespace volley::driver {

TaskSetExclusion::News TaskSetExclusion::failed(base::ExecutorId executor, std::uint32_t node,
                                                std::uint32_t index, base::TimePoint now) {
  ExecutorFailures& on_executor = failures_[executor];
  on_executor.node = node;
  ExecutorFailures::Task& task = on_executor.tasks[index];
  ++task.count;
  task.last = now;
  std::uint32_t on_node = 0;
  std::uint32_t excluded_there = 0;
  for (const auto& [id, failures] : failures_) {
    if (failures.node != node) continue;
    const auto found = failures.tasks.find(index);
    if (found != failures.tasks.end()) on_node += found->second.count;
    if (executors_.contains(id)) ++excluded_there;
  }
  if (on_node >= options_.task_attempts_per_node) tasks_by_node_[node].insert(index);
  News news;
  if (on_executor.tasks.size() < options_.stage_tasks_per_executor) return news;
  news.executor = executors_.insert(executor).second;
  if (news.executor) ++excluded_there;
  if (excluded_there >= options_.stage_executors_per_node) news.node = nodes_.insert(node).second;
  return news;
}

bool TaskSetExclusion::excludes_task(std::uint32_t index, base::ExecutorId executor,
                                     std::uint32_t node) const {
  if (failures_.empty() || !options_.task_and_stage) return false;
  const auto on_node = tasks_by_node_.find(node);
  if (on_node != tasks_by_node_.end() && on_node->second.contains(index)) return true;
  const auto on_executor = failures_.find(executor);
  if (on_executor == failures_.end()) return false;
  const auto task = on_executor->second.tasks.find(index);
  return task != on_executor->second.tasks.end() &&
         task->second.count >= options_.task_attempts_per_executor;
}

}  // namespace volley::driver
