// What the TaskScheduler watches as time goes on: stragglers, tasks that do not stop when asked,
// and places that tasks are kept away from because others failed there.

#include "driver/speculation.hpp"
#include "driver/task_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

using base::TaskId;

namespace {
constexpr auto component = "TaskScheduler";
}

void TaskScheduler::tick(Turn& turn) {
  if (options_.speculation.enabled && turn.now >= next_straggler_look_) {
    next_straggler_look_ = turn.now + options_.speculation.interval;
    find_stragglers(turn);
  }
  reap(turn);
  barriers_.tick(turn.now, turn.outbox);
  if (!health_.empty()) {
    for (const base::ExecutorId executor : health_.expire(turn.now).executors) {
      log_.info(component, "Executor {} is used again: the time-out of its exclusion is over",
                executor);
      events_.tell(protocol::ExecutorUnexcluded{executor, events_.wall(turn.now)}, turn);
    }
  }
  find_stuck(turn);
}

void TaskScheduler::find_stragglers(Turn& turn) {
  for (auto& [key, set] : sets_) {
    const std::size_t fresh = set.find_stragglers(workers_, turn.now);
    if (fresh == 0) continue;
    log_.info(component, "{} tasks of stage {}.{} take long and are to get a copy elsewhere", fresh,
              key.stage, key.stage_attempt);
  }
}

void TaskScheduler::stop_container(const Worker& worker, const std::string& reason, Turn& turn) {
  turn.outbox.send(protocol::at_rank(protocol::Role::node_manager, worker.address.rank),
                   protocol::ContainerStopRequested{worker.address.container,
                                                    protocol::exit_stopped_by_am, reason});
}

void TaskScheduler::reap(Turn& turn) {
  if (!options_.reaper.enabled) return;
  for (auto& [task, killed] : killed_) {
    if (turn.now < killed.next_look) continue;
    const Running& running = running_.at(task);
    const Worker* worker = workers_.find(running.worker);
    if (worker == nullptr) continue;
    const base::Duration waited = turn.now - killed.since;
    killed.next_look = turn.now + options_.reaper.polling;
    const auto& limit = options_.reaper.kill_timeout;
    if (!limit || waited < *limit) {
      log_.warn(component, "Task {} on {} still runs {} after it was asked to stop: {}", task,
                worker->host, base::format_duration(waited), killed.reason);
      continue;
    }
    const std::string reason =
        fmt::format("Task {} did not stop within {} (volley.task.reaper.killTimeout)", task,
                    base::format_duration(*limit));
    log_.error(component, "{}: its executor {} on {} is ended", reason, worker->key.executor,
               worker->host);
    ++counts_.reaped;
    stop_container(*worker, reason, turn);
  }
}

void TaskScheduler::exclude_for(TaskSet& set, const TaskEnd& end, std::uint32_t node, Turn& turn) {
  if (!options_.exclusion.task_and_stage && !options_.exclusion.application) return;
  const auto news = set.exclusion().failed(end.worker.executor, node, end.index, turn.now);
  if (news.executor) {
    log_.warn(component,
              "Executor {} is excluded from stage {}: too many of its tasks failed there",
              end.worker.executor, end.stage);
  }
  if (news.node) {
    log_.warn(component, "{} is excluded from stage {}: too many of its executors are", end.host,
              end.stage);
  }
}

/// Failures of a set that succeeded all the same say something about the places, not the tasks.
void TaskScheduler::judge_health(TaskSet& set, Turn& turn) {
  if (!options_.exclusion.application || !set.succeeded() || set.exclusion().empty()) return;
  const auto news = health_.set_succeeded(set.spec().stage, set.spec().stage_attempt,
                                          set.exclusion().failures(), turn.now);
  for (const base::ExecutorId executor : news.executors) {
    log_.warn(component, "Executor {} is excluded for {}: tasks of several stages failed there",
              executor, base::format_duration(options_.exclusion.timeout));
    events_.tell(protocol::ExecutorExcluded{executor, events_.wall(turn.now)}, turn);
    if (!options_.exclusion.kill) continue;
    for (const auto& [key, worker] : workers_.workers()) {
      if (key.executor != executor) continue;
      stop_container(worker, "it is excluded (volley.excludeOnFailure.killExcludedExecutors)",
                     turn);
    }
  }
  for (const std::uint32_t node : news.nodes) {
    log_.warn(component, "Node {} is excluded for {}: too many of its executors are", node,
              base::format_duration(options_.exclusion.timeout));
  }
}

/// A task that failures have excluded everywhere: an idle executor is ended, for a new one may come
/// in its place. With none idle another one is waited for if executors come as they are needed.
/// Else, or when none came in time, the stage is given up.
void TaskScheduler::find_stuck(Turn& turn) {
  if (!options_.exclusion.task_and_stage && !options_.exclusion.application) return;
  for (auto& [key, set] : sets_) {
    const auto stuck = set.active() ? set.stuck_task(workers_, health_) : std::nullopt;
    if (!stuck) {
      unschedulable_.erase(key);
      continue;
    }
    const auto waiting = unschedulable_.find(key);
    if (waiting != unschedulable_.end()) {
      if (turn.now >= waiting->second.give_up) abort_stuck(key, set, *stuck);
      continue;
    }
    const Worker* idle = nullptr;
    for (const WorkerKey& free : workers_.free()) {
      const Worker& worker = *workers_.find(free);
      if (worker.running.empty() && idle == nullptr) idle = &worker;
    }
    const base::TimePoint give_up = turn.now + options_.exclusion.unschedulable_wait;
    if (idle == nullptr && options_.allocation.enabled) {
      log_.warn(component, "Task {} of stage {}.{} can run nowhere: it needs another executor",
                *stuck, key.stage, key.stage_attempt);
      unschedulable_[key] = {give_up, true};
      continue;
    }
    if (idle == nullptr) {
      abort_stuck(key, set, *stuck);
      continue;
    }
    log_.warn(component, "Task {} of stage {}.{} can run nowhere: executor {} is replaced", *stuck,
              key.stage, key.stage_attempt, idle->key.executor);
    stop_container(*idle, "it is idle, and excluded from a task that can run nowhere", turn);
    unschedulable_[key] = {give_up, false};
  }
}

std::uint32_t TaskScheduler::needing_more_executors() const {
  return static_cast<std::uint32_t>(
      std::count_if(unschedulable_.begin(), unschedulable_.end(),
                    [](const auto& entry) { return entry.second.needs_more; }));
}

void TaskScheduler::abort_stuck(const SetKey& key, const TaskSet& set, std::uint32_t index) {
  aborts_.push_back({key.stage, unschedulable_text(key.stage, key.stage_attempt, index,
                                                   set.partition(index), set.last_failure())});
}

}  // namespace volley::driver
