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
    const auto over = health_.expire(turn.now);
    changed_ |= !over.empty();
    for (const base::ExecutorId executor : over.executors) {
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
  changed_ |= !news.empty();
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
  if (!changed_ && unschedulable_.empty()) return;
  std::optional<LiveExecutors> live;
  for (auto& [key, set] : sets_) {
    std::optional<std::uint32_t> stuck;
    if (set.active() && records_matter(set)) {
      if (!live) live.emplace(workers_, health_);
      stuck = set.stuck_task(UsablePlaces(*live, set.exclusion()));
    }
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

/// By executors that are gone or excluded, or since more of its tasks are bound to a node than fit.
bool TaskScheduler::gang_must_move(TaskSet& set, Turn& turn) const {
  if (set.pending() < set.size()) return false;
  if (!set.park_homeless(workers_, turn.now, options_.holder_wait).empty()) return true;
  if (!changed_) return false;
  if (workers_.slots() < set.size()) return false;
  std::vector<FreeWorker> all;
  for (const auto& [key, worker] : workers_.workers()) {
    if (worker.live) all.push_back({key, worker.node, worker.slots});
  }
  if (!plan_gang(set.gang(), std::move(all))) return true;
  if (!records_matter(set)) return false;
  const LiveExecutors live(workers_, health_);
  const UsablePlaces places(live, set.exclusion());
  return places.slots() >= set.size() && !set.park_excluded(workers_, places).empty();
}

std::vector<HomelessTasks> TaskScheduler::park_homeless(Turn& turn) {
  std::vector<HomelessTasks> homeless;
  if (workers_.complete_executors() == 0) return homeless;
  std::optional<LiveExecutors> live;
  for (auto& [key, set] : sets_) {
    if (!set.active()) continue;
    if (set.spec().barrier) {
      if (gang_must_move(set, turn)) homeless.push_back({key.stage, key.stage_attempt, {}});
      continue;
    }
    const bool matters = records_matter(set);
    std::vector<std::uint32_t> parked = set.park_homeless(workers_, turn.now, options_.holder_wait);
    std::vector<HomelessTask> tasks;
    if (matters && (changed_ || !parked.empty())) {
      if (!live) live.emplace(workers_, health_);
      const UsablePlaces places(*live, set.exclusion());
      const auto excluded = set.park_excluded(workers_, places);
      parked.insert(parked.end(), excluded.begin(), excluded.end());
      for (const std::uint32_t index : parked) {
        tasks.push_back({index, places.avoided(set.which(index))});
      }
    } else {
      for (const std::uint32_t index : parked) tasks.push_back({index});
    }
    if (!tasks.empty()) homeless.push_back({key.stage, key.stage_attempt, std::move(tasks)});
  }
  changed_ = false;
  return homeless;
}

AvoidedNodes TaskScheduler::avoided_nodes(std::size_t slots_needed) const {
  if (health_.empty()) return nullptr;
  const LiveExecutors live(workers_, health_);
  const TaskSetExclusion none(options_.exclusion);
  const UsablePlaces places(live, none);
  return places.slots() < slots_needed ? nullptr : places.avoided({});
}

}  // namespace volley::driver
