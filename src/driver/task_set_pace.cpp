// A task set's pace: how long its tasks take, which of them are stragglers and get a copy,
// and which of them failures keep from the workers of their node or from all.

#include "driver/speculation.hpp"
#include "driver/task_set.hpp"

#include <algorithm>

namespace volley::driver {

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

std::optional<std::uint32_t> TaskSet::stuck_task(const UsablePlaces& places) const {
  if (places.empty()) return std::nullopt;
  for (const Task& task : tasks_) {
    if (task.state != State::waiting) continue;
    if (task.spec.node && !places.live(*task.spec.node)) continue;
    if (!places.anywhere(which(task.spec.index))) return task.spec.index;
  }
  return std::nullopt;
}

std::vector<std::uint32_t> TaskSet::park_excluded(const WorkerTable& workers,
                                                  const UsablePlaces& places) {
  std::vector<std::uint32_t> parked;
  if (bound_nodes_.empty() && !has_pinned_) return parked;
  for (Task& task : tasks_) {
    if (task.state != State::waiting) continue;
    const UsablePlaces::Which asked = which(task.spec.index);
    bool live = false;
    bool usable = false;
    if (task.spec.pinned) {
      for (const WorkerKey& key : task.spec.preferred) {
        if (!workers.live(key)) continue;
        live = true;
        usable |= places.on_executor(key.executor, workers.find(key)->node, asked);
      }
    } else if (task.spec.node) {
      live = places.live(*task.spec.node);
      usable = places.on_node(*task.spec.node, asked);
    }
    if (!live || usable || !places.anywhere(asked)) continue;
    set_state(task, State::parked);
    parked.push_back(task.spec.index);
  }
  return parked;
}

}  // namespace volley::driver
