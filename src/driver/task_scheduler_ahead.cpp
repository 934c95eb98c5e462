// Launching ahead: workers get tiny tasks before their slots are free, since these would mostly
// wait for the next one to come. Near the end of a stage each gets no more than half of its share
// of what is left, and what turns out to take long after all is asked back for idle workers.

#include "driver/task_scheduler.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace volley::driver {

using base::TaskId;

namespace {

/// How uneven workers may end up: about the time that a few messages between ranks take.
constexpr base::Duration uneven = std::chrono::milliseconds{4};
/// So many at least, however few are left.
constexpr std::size_t few = 8;

}  // namespace

std::size_t TaskScheduler::most_tasks(const TaskSet& set, const Worker& worker) const {
  const std::size_t ahead = set.ahead(workers_.slots());
  const std::size_t share = set.pending() / (2 * std::max<std::size_t>(workers_.slots(), 1));
  return worker.slots * (1 + std::min(ahead, std::max(share, few)));
}

void TaskScheduler::offer_ahead(Turn& turn) {
  std::vector<WorkerKey> progressed = std::exchange(progressed_, {});
  std::size_t wanting = 0;
  for (const auto& [key, set] : sets_) {
    if (options_.schedule_mode == ScheduleMode::fair && set.active()) ++wanting;
  }
  if (wanting > 1) return;  // what was launched ahead could not be shared any more
  for (auto& [key, set] : sets_) {
    const std::uint32_t ahead = set.ahead(workers_.slots());
    if (!set.active() || set.pending() == 0 || ahead == 0 || set.spec().barrier) continue;
    if (ahead > offered_ahead_) {
      progressed.clear();
      for (const auto& [worker, known] : workers_.workers()) progressed.push_back(worker);
      offered_ahead_ = ahead;
    }
    fill_ahead(key, set, std::move(progressed), turn);
    return;
  }
}

void TaskScheduler::fill_ahead(const SetKey& key, TaskSet& set, std::vector<WorkerKey> workers,
                               Turn& turn) {
  // By turns, so that all get the same; one that cannot take any more is left out.
  while (!workers.empty() && set.pending() > 0) {
    std::erase_if(workers, [&](const WorkerKey& worker_key) {
      const Worker* worker = workers_.live(worker_key) ? workers_.find(worker_key) : nullptr;
      if (worker == nullptr || worker->running.size() >= most_tasks(set, *worker)) return true;
      if (!usable(set, *worker)) return true;
      const auto taken = set.take(*worker, Locality::any, turn.now);
      if (taken) launch(key, set, {taken->index, taken->locality}, *worker, turn);
      return !taken;
    });
  }
}

/// Looks now and then, while a worker is idle, for one that will not be through its tasks soon.
void TaskScheduler::share_backlogs(Turn& turn) {
  if (workers_.free().empty() || workers_.backlogged().empty() || turn.now < next_share_) return;
  next_share_ = turn.now + uneven;
  auto idle = workers_.free().begin();
  for (const WorkerKey& key : workers_.backlogged()) {
    if (idle == workers_.free().end()) return;
    const Worker& loaded = *workers_.find(key);
    if (!workers_.live(key)) continue;
    ask_back(loaded, *workers_.find(*idle++), turn);
  }
}

/// Half of what waits there for a slot, the newest ones.
void TaskScheduler::ask_back(const Worker& loaded, const Worker& idle, Turn& turn) {
  const std::size_t waiting = loaded.running.size() - loaded.slots;
  std::vector<TaskId> tasks(loaded.running.begin(), loaded.running.end());
  std::sort(tasks.begin(), tasks.end(), std::greater<>());
  const TaskSet& oldest = sets_.at(running_.at(tasks.back()).set);
  const bool soon = oldest.expected(tasks.size() / loaded.slots) < uneven;
  if (soon && turn.now - loaded.progressed < uneven) return;
  tasks.resize((waiting + 1) / 2);
  std::erase_if(tasks, [&](const TaskId task) {
    Running& running = running_.at(task);
    if (running.dropped || running.asked_back) return true;
    if (!sets_.at(running.set).may_run_on(running.index, idle.node)) return true;
    running.asked_back = true;
    return false;
  });
  if (tasks.empty()) return;
  turn.outbox.send(loaded.address, protocol::TasksReturnRequested{std::move(tasks)});
}

}  // namespace volley::driver
