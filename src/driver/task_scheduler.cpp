#include "driver/task_scheduler.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

using base::StageId;
using base::TaskId;
using protocol::TaskOutcome;

void TaskScheduler::submit(TaskSetSpec spec, Turn& turn) {
  const SetKey key{spec.job, spec.stage, spec.stage_attempt};
  std::vector<SetKey>& attempts = stage_sets_[key.stage];
  for (const SetKey& other : attempts) {
    VOLLEY_CHECK(!sets_.at(other).active(), "more than one active task set for stage {}: {}.{}",
                 key.stage, other.stage, other.stage_attempt);
  }
  const bool fresh = sets_.try_emplace(key, std::move(spec), workers_, options_, turn.now).second;
  VOLLEY_CHECK(fresh, "stage {}.{} was submitted twice", key.stage, key.stage_attempt);
  offered_ahead_ = 0;
  changed_ = true;
  attempts.push_back(key);
}

void TaskScheduler::retire(StageId stage, std::uint32_t stage_attempt, Turn& turn) {
  const auto found = stage_sets_.find(stage);
  if (found == stage_sets_.end()) return;
  for (const SetKey& key : std::vector<SetKey>(found->second)) {
    if (key.stage_attempt != stage_attempt) continue;
    sets_.at(key).retire();
    drop_if_over(key, turn);
  }
}

void TaskScheduler::kill_all_of(StageId stage, const std::string& reason, Turn& turn) {
  std::vector<TaskId> tasks;
  for (const auto& [task, running] : running_) {
    if (running.set.stage == stage && !running.dropped) tasks.push_back(task);
  }
  std::sort(tasks.begin(), tasks.end());
  for (const TaskId task : tasks) kill(task, reason, turn);
}

void TaskScheduler::cancel(StageId stage, const std::string& reason, Turn& turn) {
  commits_.stage_over(stage);
  const auto found = stage_sets_.find(stage);
  if (found == stage_sets_.end()) return;
  kill_all_of(stage, reason, turn);
  for (const SetKey& key : std::vector<SetKey>(found->second)) {
    sets_.at(key).retire();
    drop_if_over(key, turn);
  }
}

void TaskScheduler::mark_done(StageId stage, std::uint32_t index, Turn& turn) {
  const auto found = stage_sets_.find(stage);
  if (found == stage_sets_.end()) return;
  for (const SetKey& key : std::vector<SetKey>(found->second)) {
    TaskSet& set = sets_.at(key);
    set.mark_done(index);
    for (const TaskId task : set.attempts(index)) kill(task, "another attempt succeeded", turn);
    drop_if_over(key, turn);
  }
}

void TaskScheduler::unpark(StageId stage, std::uint32_t stage_attempt, std::uint32_t index,
                           std::uint32_t node) {
  const auto found = stage_sets_.find(stage);
  if (found == stage_sets_.end()) return;
  for (const SetKey& key : found->second) {
    if (key.stage_attempt == stage_attempt) sets_.at(key).unpark(index, node, workers_);
  }
  offered_ahead_ = 0;
  changed_ = true;
}

void TaskScheduler::offer(Turn& turn) {
  fill_slots(turn);
  offer_ahead(turn);
  share_backlogs(turn);
}

void TaskScheduler::launch(const SetKey& key, TaskSet& set, const Choice& choice,
                           const Worker& worker, Turn& turn) {
  if (set.defined().insert(worker.key)) {
    turn.outbox.send(worker.address,
                     protocol::StageDefined{key.stage, key.stage_attempt, set.spec().binary});
    if (set.binary().writes_shuffle) {
      shuffles_.touch(set.binary().shuffle, worker.address.rank);
    }
  }
  const TaskId task = next_task_++;
  const TaskSpec& spec = set.task(choice.index);
  const std::uint32_t partition = spec.partition;
  const std::uint32_t attempt = set.started(choice.index, task, worker, turn.now);
  TaskInputs inputs = set.spec().plan->inputs(partition);
  protocol::TaskLaunched message;
  message.attempt = {task, key.stage, key.stage_attempt, spec.part ? spec.index : partition,
                     attempt};
  message.part = spec.part;
  message.sources = std::move(inputs.sources);
  for (const ShuffleRead& read : inputs.shuffles) {
    // no_rank: not readable there. The task is expected to find a cached block instead.
    message.shuffles.push_back(
        {read.shuffle, read.partition, holder_on(shuffles_, workers_.nodes(), read, worker.node)});
  }
  message.blocks = blocks_elsewhere(*set.spec().plan, partition, worker);
  warn_if_large(key, set, message);
  const Running running{key,   choice.index, attempt,         worker.key, turn.now,
                        false, false,        choice.locality, choice.copy};
  running_.emplace(task, running);
  report_start(task, running, set, worker, turn);
  turn.outbox.send(worker.address, std::move(message));
  workers_.task_started(worker.key, task, turn.now);
  ++counts_.launched;
}

std::vector<protocol::BlockInput> TaskScheduler::blocks_elsewhere(const NarrowPlan& plan,
                                                                  std::uint32_t partition,
                                                                  const Worker& worker) const {
  constexpr std::size_t most_holders = 2;
  std::vector<protocol::BlockInput> inputs;
  for (const protocol::BlockId& block : plan.cacheable(partition)) {
    std::vector<const Worker*> holders;
    bool here = false;
    for (const WorkerKey& key : blocks_.locations(block)) {
      const Worker* holder = workers_.find(key);
      here |= key == worker.key;
      if (holder != nullptr) holders.push_back(holder);
    }
    if (here) continue;
    std::stable_sort(holders.begin(), holders.end(), [&](const Worker* a, const Worker* b) {
      return (a->node == worker.node) > (b->node == worker.node);
    });
    for (std::size_t i = 0; i < std::min(holders.size(), most_holders); ++i) {
      inputs.push_back({block, holders[i]->address});
    }
  }
  return inputs;
}

/// Once for each stage: such tasks make the driver a bottleneck.
void TaskScheduler::warn_if_large(const SetKey& key, TaskSet& set,
                                  const protocol::TaskLaunched& task) {
  constexpr std::size_t large = 1000U << 10U;
  std::size_t bytes = 0;
  for (const protocol::SourceInput& source : task.sources) {
    if (source.payload) bytes += source.payload->size();
  }
  if (bytes <= large || !set.first_large()) return;
  log_.warn("TaskSetManager",
            "Stage {} contains a task of very large size ({}). The maximum recommended task size "
            "is {}: read what it needs from a file instead",
            key.stage, base::format_bytes(bytes), base::format_bytes(large));
}

void TaskScheduler::on(const protocol::CommitRequested& message, const protocol::Address& from,
                       Turn& turn) {
  const auto found = running_.find(message.attempt.task);
  bool allowed = false;
  if (found != running_.end() && !found->second.dropped) {
    const Running& running = found->second;
    allowed = commits_.may_commit(running.set.stage, running.index, found->first);
  } else {
    ++late_;
  }
  turn.outbox.send(from, protocol::CommitAnswered{message.attempt.task, allowed});
}

void TaskScheduler::on(const protocol::BarrierReached& message, const protocol::Address& from,
                       Turn& turn) {
  const auto found = running_.find(message.attempt.task);
  if (found == running_.end() || found->second.dropped) {
    ++late_;  // it was asked to stop
    return;
  }
  const Running& running = found->second;
  const auto tasks = static_cast<std::uint32_t>(sets_.at(running.set).size());
  barriers_.arrive(message, running.index, tasks, from, turn.now, turn.outbox);
}

void TaskScheduler::worker_added(const Worker& worker, Turn& turn) {
  changed_ = true;
  for (auto& [key, set] : sets_) set.worker_added(worker, turn.now);
}

void TaskScheduler::worker_leaves(const Worker& worker, Turn& turn) {
  changed_ = true;
  for (auto& [key, set] : sets_) {
    const bool defined = set.defined().contains(worker.key);
    set.worker_lost(worker.key);
    if (defined) set.defined().insert(worker.key);
  }
  std::vector<TaskId> tasks(worker.running.begin(), worker.running.end());
  std::sort(tasks.begin(), tasks.end());
  if (tasks.size() > worker.slots) {
    turn.outbox.send(worker.address, protocol::TasksReturnRequested{std::move(tasks)});
  }
}

void TaskScheduler::on(protocol::TaskFinished message, const protocol::Address& from, Turn& turn) {
  const auto found = running_.find(message.attempt.task);
  const Worker* worker = found == running_.end() ? nullptr : workers_.find(found->second.worker);
  if (worker == nullptr || worker->address != from) {
    ++late_;
    return;
  }
  workers_.seen(worker->key, turn.now);
  workers_.task_ended(worker->key, found->first, turn.now);
  progressed_.push_back(worker->key);
  end(std::move(message), *worker, true, turn);
}

void TaskScheduler::workers_removed(const std::vector<Worker>& removed, bool caused_by_application,
                                    const std::string& reason, Turn& turn) {
  changed_ = true;
  for (auto& [key, set] : sets_) {
    for (const Worker& worker : removed) set.worker_lost(worker.key);
  }
  for (const Worker& worker : removed) health_.executor_removed(worker.key.executor);
  for (const Worker& worker : removed) {
    std::vector<TaskId> tasks(worker.running.begin(), worker.running.end());
    std::sort(tasks.begin(), tasks.end());
    for (const TaskId task : tasks) {
      protocol::TaskFinished report;
      report.attempt.task = task;
      report.outcome = TaskOutcome::executor_lost;
      report.error = executor_lost_text(worker.key.executor, caused_by_application, reason);
      end(std::move(report), worker, caused_by_application, turn);
    }
  }
}

void TaskScheduler::end(protocol::TaskFinished message, const Worker& worker, bool counts,
                        Turn& turn) {
  const auto found = running_.find(message.attempt.task);
  const Running running = found->second;
  running_.erase(found);
  const auto killed = killed_.extract(message.attempt.task);
  if (killed && message.outcome == TaskOutcome::killed) message.error = killed.mapped().reason;
  const SetKey& key = running.set;
  TaskSet& set = sets_.at(key);
  set.ended(running.index, message.attempt.task);
  report_end(message, running, set, worker, turn);
  if (message.outcome == TaskOutcome::returned) {
    ++counts_.returned;
    if (!running.dropped && set.active()) set.put_back(running.index, workers_);
    changed_ = true;
    drop_if_over(key, turn);
    return;
  }
  ++counts_.ended;
  if (message.outcome != TaskOutcome::success || running.dropped) {
    commits_.failed(key.stage, running.index, message.attempt.task);
  }
  const std::uint32_t partition = set.partition(running.index);
  message.attempt = {message.attempt.task, key.stage, key.stage_attempt, partition,
                     running.attempt};
  TaskEnd end;
  end.stage = key.stage;
  end.stage_attempt = key.stage_attempt;
  end.index = running.index;
  end.partition = partition;
  end.worker = worker.key;
  end.rank = worker.address.rank;
  end.host = worker.host;
  end.duration = base::Duration{message.metrics.run_nanoseconds};
  if (message.outcome == TaskOutcome::success) set.note_duration(end.duration);
  if (end.duration.count() <= 0) end.duration = turn.now - running.started;
  end.report = std::move(message);
  end.dropped = running.dropped;
  changed_ |= end.report.outcome != TaskOutcome::success;
  if (!end.dropped && end.report.outcome != TaskOutcome::success) {
    retry(set, end, worker.node, counts, turn);
  }
  ends_.push_back(std::move(end));
  drop_if_over(key, turn);
}

void TaskScheduler::retry(TaskSet& set, TaskEnd& end, std::uint32_t node, bool counts, Turn& turn) {
  const LostTask lost{end.index,
                      end.report.attempt.attempt,
                      end.stage,
                      end.stage_attempt,
                      end.report.attempt.task,
                      end.host,
                      end.worker.executor,
                      end.report.error};
  log_.warn("TaskSetManager", "{}", lost_task_text(lost));
  const TaskOutcome outcome = end.report.outcome;
  if (outcome == TaskOutcome::fetch_failed || !set.active()) return;
  if (outcome == TaskOutcome::refused) {
    end.abort = abort_text(lost, set.count_failure(end.index, lost_task_text(lost)));
    return;
  }
  if (outcome == TaskOutcome::exception || (outcome == TaskOutcome::executor_lost && counts)) {
    exclude_for(set, end, node, turn);
    const std::uint32_t failures = set.count_failure(end.index, lost_task_text(lost));
    if (failures >= options_.max_failures) {
      end.abort = abort_text(lost, failures);
      return;
    }
  }
  if (set.spec().barrier) {
    set.retire();
    kill_all_of(end.stage, fmt::format("task {} of the barrier stage failed", end.index), turn);
    end.gang_broken = true;
    return;
  }
  set.put_back(end.index, workers_);
}

void TaskScheduler::drop_if_over(const SetKey& key, Turn& turn) {
  const auto found = sets_.find(key);
  if (found == sets_.end() || found->second.active() || found->second.running() > 0) return;
  judge_health(found->second, turn);
  unschedulable_.erase(key);
  barriers_.forget(key.stage, key.stage_attempt);
  for (const WorkerKey& defined : found->second.defined()) {
    const Worker* worker = workers_.find(defined);
    if (worker == nullptr) continue;
    turn.outbox.send(worker->address, protocol::StageForgotten{key.stage, key.stage_attempt});
  }
  sets_.erase(found);
  auto& keys = stage_sets_.at(key.stage);
  std::erase(keys, key);
  if (keys.empty()) stage_sets_.erase(key.stage);
}

std::size_t TaskScheduler::running(StageId stage) const {
  const auto found = stage_sets_.find(stage);
  if (found == stage_sets_.end()) return 0;
  std::size_t sum = 0;
  for (const SetKey& key : found->second) sum += sets_.at(key).running();
  return sum;
}

}  // namespace volley::driver
