// A task set's pace: how long its tasks take, which of them are stragglers and get a copy,
// and which of them failures keep from the workers of their node or from all.

#include "driver/speculation.hpp"
#include "driver/task_set.hpp"

#include <algorithm>

namespace volley::driver {

namespace {

/// Live workers where the task is bound to run; none when it is not bound.
std::vector<const Worker*> usual_workers(
    const TaskSpec& task, const WorkerTable& workers,
    const std::map<std::uint32_t, std::vector<const Worker*>>& by_node) {
  std::vector<const Worker*> usual;
  if (task.pinned) {
    for (const WorkerKey& key : task.preferred) {
      if (workers.live(key)) usual.push_back(workers.find(key));
    }
  } else if (task.node) {
    const auto there = by_node.find(*task.node);
    if (there != by_node.end()) usual = there->second;
  }
  return usual;
}

}  // namespace

void TaskSet::note_duration(base::Duration duration) {
  if (duration.count() <= 0) return;
  ++timed_;
  typical_ = typical_.count() == 0 ? duration : typical_ + (duration - typical_) / 4;
  if (options_.speculation.enabled) durations_.push_back(duration);
}

std::uint32_t TaskSet::ahead(std::size_t slots) const {
  constexpr base::Duration covered = std::chrono::milliseconds(4);  // what may end up uneven
  if (failed_ || typical_.count() == 0) return 0;
  // The first to end are the shortest: they say little while most have not.
  if (timed_ < std::min(running_, slots) / 4) return 0;
  return static_cast<std::uint32_t>(std::min<base::Duration::rep>(covered / typical_, most_ahead));
}

std::size_t TaskSet::find_stragglers(const WorkerTable& workers, base::TimePoint now) {
  if (!active() || spec_.barrier || running_ == 0) return 0;
  SetProgress progress{tasks_.size(), tasks_.size() - remaining_, 1};
  if (!workers.workers().empty()) {
    progress.slots_of_an_executor = workers.workers().begin()->second.slots;
  }
  const auto threshold = straggler_threshold(options_.speculation, progress, durations_);
  const base::Duration median = median_of(durations_);
  const std::size_t before = copies_wanted_.size();
  for (const Task& task : tasks_) {
    if (task.state != State::running || task.attempts.size() != 1 || task.spec.pinned) continue;
    const Attempt& attempt = task.attempts.front();
    const base::Duration ran = now - attempt.started;
    const Worker* worker = workers.find(attempt.worker);
    const bool doomed =
        worker != nullptr && worker->leaving &&
        too_late_to_finish(options_.decommission, median, ran, now - *worker->leaving);
    if (doomed || (threshold && ran > *threshold)) copies_wanted_.insert(task.spec.index);
  }
  return copies_wanted_.size() - before;
}

bool TaskSet::may_copy(const Task& task, const Worker& worker, bool same_node) const {
  if (task.state != State::running || task.attempts.size() != 1) return false;
  const Attempt& running = task.attempts.front();
  if (running.worker.executor == worker.key.executor) return false;
  if (running.node == worker.node && !same_node) return false;
  if (task.spec.node && *task.spec.node != worker.node) return false;
  return !exclusion_.excludes_task(task.spec.index, worker.key.executor, worker.node);
}

std::optional<std::uint32_t> TaskSet::take_copy(const Worker& worker, bool same_node) {
  for (const std::uint32_t index : copies_wanted_) {
    if (!may_copy(at(index), worker, same_node)) continue;
    copies_wanted_.erase(index);
    return index;
  }
  return std::nullopt;
}

bool TaskSet::excluded_from(const Task& task, const Worker& worker,
                            const HealthTracker& health) const {
  const base::ExecutorId executor = worker.key.executor;
  return exclusion_.excludes(executor, worker.node) || health.excludes(executor, worker.node) ||
         exclusion_.excludes_task(task.spec.index, executor, worker.node);
}

std::optional<std::uint32_t> TaskSet::stuck_task(const WorkerTable& workers,
                                                 const HealthTracker& health) const {
  if ((exclusion_.empty() && health.empty()) || pending_ == 0) return std::nullopt;
  for (const Task& task : tasks_) {
    if (task.state != State::waiting) continue;
    bool excluded = false;
    bool somewhere = false;
    for (const auto& [key, worker] : workers.workers()) {
      if (!workers.live(key)) continue;
      const bool here = excluded_from(task, worker, health);
      excluded |= here;
      somewhere |= !here;
      if (somewhere) break;
    }
    if (excluded && !somewhere) return task.spec.index;
  }
  return std::nullopt;
}

void TaskSet::park_excluded(const WorkerTable& workers, const HealthTracker& health,
                            std::vector<HomelessTask>& parked) {
  if ((exclusion_.empty() && health.empty()) || pending_ == 0) return;
  std::map<std::uint32_t, std::vector<const Worker*>> by_node;
  for (const auto& [key, worker] : workers.workers()) {
    if (workers.live(key)) by_node[worker.node].push_back(&worker);
  }
  for (Task& task : tasks_) {
    if (task.state != State::waiting) continue;
    const auto none_left = [&](const std::vector<const Worker*>& there) {
      return !there.empty() && std::all_of(there.begin(), there.end(), [&](const Worker* worker) {
        return excluded_from(task, *worker, health);
      });
    };
    if (!none_left(usual_workers(task.spec, workers, by_node))) continue;
    HomelessTask homeless{task.spec.index};
    for (const auto& [node, there] : by_node) {
      if (none_left(there)) homeless.avoid.push_back(node);
    }
    if (homeless.avoid.size() == by_node.size()) continue;
    set_state(task, State::parked);
    parked.push_back(std::move(homeless));
  }
}

}  // namespace volley::driver
