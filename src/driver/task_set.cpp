#include "driver/task_set.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

TaskSet::TaskSet(TaskSetSpec spec, const WorkerTable& workers, base::TimePoint now)
    : local_since_(now) {
  std::vector<TaskSpec> tasks = std::exchange(spec.tasks, {});
  spec_ = std::move(spec);
  remaining_ = tasks.size();
  tasks_.reserve(tasks.size());
  for (TaskSpec& task : tasks) {
    position_.emplace(task.index, tasks_.size());
    tasks_.push_back({std::move(task), State::parked, 0, 0, {}});
  }
  for (Task& task : tasks_) put_back(task.spec.index, workers);
}

void TaskSet::set_state(Task& task, State state) {
  if (task.state == State::waiting) --pending_;
  if (state == State::waiting) ++pending_;
  task.state = state;
}

void TaskSet::put_back(std::uint32_t index, const WorkerTable& workers) {
  Task& task = at(index);
  if (task.state == State::done || !task.attempts.empty()) return;
  std::erase_if(task.spec.preferred, [&](const WorkerKey& key) {
    const Worker* worker = workers.live(key) ? workers.find(key) : nullptr;
    return worker == nullptr || (task.spec.node && worker->node != *task.spec.node);
  });
  set_state(task, State::waiting);
  enlist(task);
}

void TaskSet::enlist(Task& task) {
  const std::uint32_t index = task.spec.index;
  for (const WorkerKey& key : task.spec.preferred) by_worker_[key].push_back(index);
  if (task.spec.node) bound_nodes_.insert(*task.spec.node);
  if (task.spec.pinned) return;
  if (!task.spec.preferred.empty()) {
    (task.spec.node ? delayed_by_node_[*task.spec.node] : delayed_).push_back(index);
  } else {
    (task.spec.node ? by_node_[*task.spec.node] : anywhere_).push_back(index);
  }
}

std::optional<std::uint32_t> TaskSet::pop(List& list, const Worker& worker, bool preferred) {
  while (!list.empty()) {
    const std::uint32_t index = list.front();
    list.pop_front();
    Task& task = at(index);
    if (task.state != State::waiting) continue;
    if (task.spec.node && *task.spec.node != worker.node) continue;
    const auto& wanted = task.spec.preferred;
    if (preferred && std::find(wanted.begin(), wanted.end(), worker.key) == wanted.end()) continue;
    set_state(task, State::running);
    return index;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> TaskSet::take(const Worker& worker, base::TimePoint now,
                                           base::Duration wait) {
  if (pending_ == 0) return std::nullopt;
  const auto from = [&](auto& lists, auto key, bool preferred) -> std::optional<std::uint32_t> {
    const auto found = lists.find(key);
    if (found == lists.end()) return std::nullopt;
    auto index = pop(found->second, worker, preferred);
    if (found->second.empty()) lists.erase(found);
    return index;
  };
  if (auto index = from(by_worker_, worker.key, true)) {
    local_since_ = now;
    return index;
  }
  if (auto index = from(by_node_, worker.node, false)) return index;
  if (auto index = pop(anywhere_, worker, false)) return index;
  if (now - local_since_ < wait) return std::nullopt;
  if (auto index = from(delayed_by_node_, worker.node, false)) return index;
  return pop(delayed_, worker, false);
}

std::uint32_t TaskSet::started(std::uint32_t index, base::TaskId id) {
  Task& task = at(index);
  task.attempts.push_back(id);
  ++running_;
  return task.launches++;
}

void TaskSet::ended(std::uint32_t index, base::TaskId id) {
  --running_;
  std::erase(at(index).attempts, id);
}

bool TaskSet::mark_done(std::uint32_t index) {
  const auto found = position_.find(index);
  if (found == position_.end()) return false;
  Task& task = tasks_[found->second];
  if (task.state == State::done) return false;
  set_state(task, State::done);
  --remaining_;
  return true;
}

void TaskSet::worker_lost(const WorkerKey& key) {
  defined_.erase(key);
  auto node = by_worker_.extract(key);
  if (node.empty()) return;
  for (const std::uint32_t index : node.mapped()) {
    Task& task = at(index);
    if (std::erase(task.spec.preferred, key) == 0) continue;
    if (task.state == State::waiting && task.spec.preferred.empty()) enlist(task);
  }
}

std::vector<std::uint32_t> TaskSet::park_homeless(const WorkerTable& workers, base::TimePoint now,
                                                  base::Duration wait) {
  std::vector<std::uint32_t> parked;
  std::set<std::uint32_t> gone;
  for (const std::uint32_t node : bound_nodes_) {
    if (workers.node_live(node)) {
      homeless_since_.erase(node);
    } else if (now - homeless_since_.try_emplace(node, now).first->second >= wait) {
      gone.insert(node);
    }
  }
  if (gone.empty() || pending_ == 0) return parked;
  for (Task& task : tasks_) {
    if (task.state != State::waiting || !task.spec.node || !gone.contains(*task.spec.node))
      continue;
    set_state(task, State::parked);
    parked.push_back(task.spec.index);
  }
  return parked;
}

void TaskSet::unpark(std::uint32_t index, std::uint32_t node, const WorkerTable& workers) {
  const auto found = position_.find(index);
  if (found == position_.end() || tasks_[found->second].state != State::parked) return;
  tasks_[found->second].spec.node = node;
  put_back(index, workers);
}

std::vector<base::TaskId> TaskSet::attempts(std::uint32_t index) const {
  const auto found = position_.find(index);
  return found == position_.end() ? std::vector<base::TaskId>{} : tasks_[found->second].attempts;
}

void TaskSet::note_duration(base::Duration duration) {
  if (duration.count() <= 0) return;
  typical_ = typical_.count() == 0 ? duration : typical_ + (duration - typical_) / 4;
}

std::uint32_t TaskSet::ahead() const {
  constexpr base::Duration covered = std::chrono::milliseconds(4);  // what may end up uneven
  if (failed_ || typical_.count() == 0) return 0;
  return static_cast<std::uint32_t>(std::min<base::Duration::rep>(covered / typical_, most_ahead));
}

}  // namespace volley::driver
