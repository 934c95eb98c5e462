// The part of the task pool about tasks that hold a communicator: a thread that waits inside an MPI
// library for a task that has failed cannot be ended, so in the end its whole process has to be.

#include "worker/task_pool.hpp"

#include <fmt/format.h>

#include <chrono>

namespace volley::worker {

void TaskPool::enter_group(const protocol::TaskAttempt& attempt, const std::atomic<bool>& stop) {
  const std::lock_guard lock(mutex_);
  // Whoever sets the flag later calls wake(), which takes the lock.
  groups_.enter(attempt.task, stop.load(), std::chrono::steady_clock::now());
}

void TaskPool::leave_group(base::TaskId task) {
  {
    const std::lock_guard lock(mutex_);
    groups_.leave(task);
  }
  changed_.notify_all();
}

void TaskPool::give_up(base::TaskId task) const {
  options_.give_up(fmt::format(
      "task {} was asked to stop and has not within {} (volley.barrier.mpi.stopTimeout). It seems "
      "to wait inside the MPI library for a task that has failed or was stopped; a thread cannot "
      "be ended, so that its rank is. The lines above tell what came first",
      task, base::format_duration(options_.group_patience)));
}

void TaskPool::look_for_stuck(base::TimePoint now) {
  std::optional<base::TaskId> stuck;
  {
    const std::lock_guard lock(mutex_);
    stuck = groups_.stuck(now, options_.group_patience);
  }
  if (stuck) give_up(*stuck);
}

void TaskPool::wait_for_groups() {
  std::optional<base::TaskId> stuck;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, options_.group_patience, [this] { return !groups_.any(); });
    stuck = groups_.any();
  }
  if (stuck) give_up(*stuck);
}

}  // namespace volley::worker
