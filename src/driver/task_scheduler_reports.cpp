// What the TaskScheduler tells listeners of task attempts, and how it asks attempts to stop.

#include "driver/task_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

using base::TaskId;
using protocol::TaskOutcome;

protocol::TaskInfo TaskScheduler::task_info(TaskId task, const Running& running, const TaskSet& set,
                                            const std::string& host) const {
  protocol::TaskInfo info;
  info.id = task;
  info.index = running.index;
  info.partition = set.partition(running.index);
  info.attempt = running.attempt;
  info.executor = running.worker.executor;
  info.host = host;
  info.launched = events_.wall(running.started);
  info.locality = running.locality;
  info.speculative = running.copy;
  return info;
}

void TaskScheduler::report_start(TaskId task, const Running& running, const TaskSet& set,
                                 const Worker& worker, Turn& turn) const {
  if (!events_.wanted()) return;
  events_.tell(protocol::TaskStart{running.set.stage, running.set.stage_attempt,
                                   task_info(task, running, set, worker.host)},
               turn);
}

/// The success of one whose result nobody takes any more is none.
void TaskScheduler::report_end(const protocol::TaskFinished& message, const Running& running,
                               const TaskSet& set, const Worker& worker, Turn& turn) const {
  if (!events_.wanted()) return;
  protocol::TaskEnd end;
  end.stage = running.set.stage;
  end.stage_attempt = running.set.stage_attempt;
  end.task = task_info(message.attempt.task, running, set, worker.host);
  end.task.finished = events_.wall(turn.now);
  end.outcome = message.outcome;
  end.error = message.error;
  end.metrics = message.metrics;
  if (running.dropped && message.outcome == TaskOutcome::success) {
    end.outcome = TaskOutcome::killed;
    end.error = "it finished, but nobody needs it any more";
  }
  events_.tell(std::move(end), turn);
}

void TaskScheduler::kill(TaskId task, const std::string& reason, Turn& turn) {
  Running& running = running_.at(task);
  if (!std::exchange(running.dropped, true)) ask_to_stop(task, running, reason, turn);
}

bool TaskScheduler::kill_attempt(TaskId task, const std::string& reason, Turn& turn) {
  const auto found = running_.find(task);
  if (found == running_.end() || found->second.dropped) return false;
  log_.info("TaskScheduler", "Asked to kill task attempt {}: {}", task, reason);
  ask_to_stop(task, found->second, reason, turn);
  return true;
}

void TaskScheduler::ask_to_stop(TaskId task, const Running& running, const std::string& reason,
                                Turn& turn) {
  const Worker* worker = workers_.find(running.worker);
  if (worker == nullptr) return;
  turn.outbox.send(worker->address, protocol::TaskKillRequested{task, reason});
  const base::Duration first = std::min(
      options_.reaper.polling, options_.reaper.kill_timeout.value_or(options_.reaper.polling));
  killed_.try_emplace(task, Killed{turn.now, turn.now + first, reason});
}

}  // namespace volley::driver
