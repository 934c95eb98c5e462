// Offers of free slots to the task sets, in the order of their pools: for each set from the nearest
// level to the furthest, then to copies of its stragglers.

#include "driver/task_scheduler.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace volley::driver {

namespace {
constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
}

std::vector<SetKey> TaskScheduler::order() const {
  std::vector<SetKey> keys;
  const auto wants = [](const TaskSet& set) {
    return set.active() && (set.pending() > 0 || set.copies_wanted() > 0);
  };
  if (options_.schedule_mode == ScheduleMode::fifo) {
    for (const auto& [key, set] : sets_) {
      if (wants(set)) keys.push_back(key);
    }
    return keys;
  }
  std::vector<WantingSet> sets;
  for (const auto& [key, set] : sets_) {
    sets.push_back({key, set.spec().pool, set.running(), wants(set)});
  }
  return pools_.order(sets);
}

void TaskScheduler::fill_slots(Turn& turn) {
  constexpr std::size_t batches = 16;  // of a set's even share: the order is looked at so often
  const bool fair = options_.schedule_mode == ScheduleMode::fair;
  std::set<SetKey> done;  // got nothing, or all they want
  for (bool again = true; again && !workers_.free().empty();) {
    again = false;
    const std::vector<SetKey> keys = order();
    const bool shared = fair && keys.size() > 1;
    const std::size_t batch =
        workers_.free().size() / (batches * std::max(keys.size(), done.size() + 1));
    const std::size_t most = shared ? std::max<std::size_t>(batch, 1) : all;
    for (const SetKey& key : keys) {
      if (done.contains(key)) continue;
      const std::size_t launched = offer_to(key, most, turn);
      if (launched == 0 || !shared) done.insert(key);
      again = shared && launched > 0;
      if (again || workers_.free().empty()) break;
    }
  }
}

/// Workers with free slots that the set may use, beginning after the one that was served last. No
/// more than `most` when one is as good as another.
std::vector<WorkerKey> TaskScheduler::offers_for(const TaskSet& set, std::size_t most) const {
  const auto& free = workers_.free();
  const std::size_t count =
      set.runs_anywhere() && health_.empty() ? std::min(most, free.size()) : free.size();
  std::vector<WorkerKey> offers;
  offers.reserve(count);
  auto next = free.upper_bound(last_offered_);
  while (offers.size() < count) {
    if (next == free.end()) next = free.begin();
    offers.push_back(*next++);
  }
  if (!set.exclusion().empty() || !health_.empty()) {
    std::erase_if(offers, [&](const WorkerKey& key) { return !usable(set, *workers_.find(key)); });
  }
  return offers;
}

std::size_t TaskScheduler::offer_to(const SetKey& key, std::size_t most, Turn& turn) {
  TaskSet& set = sets_.at(key);
  if (set.spec().barrier) return launch_gang(key, set, turn);
  std::vector<WorkerKey> free = offers_for(set, set.pending());
  std::optional<Locality> nearest;
  std::size_t launched = 0;
  for (const Locality level : set.levels()) {
    if (set.pending() == 0 || launched >= most) break;
    launched += offer_level(key, set, level, free, most - launched, nearest, turn);
  }
  const bool refused = !free.empty() && launched < most && set.waits_for_better(turn.now);
  set.round_over(nearest, refused, turn.now);
  if (launched < most && set.copies_wanted() > 0) {
    launched += offer_copies(key, set, offers_for(set, all), most - launched, turn);
  }
  return launched;
}

/// By turns, so that all workers get the same; at the last level, those that take nothing are out.
std::size_t TaskScheduler::offer_level(const SetKey& key, TaskSet& set, Locality level,
                                       std::vector<WorkerKey>& free, std::size_t most,
                                       std::optional<Locality>& nearest, Turn& turn) {
  std::size_t launched = 0;
  for (bool more = true; more && !free.empty();) {
    more = false;
    std::erase_if(free, [&](const WorkerKey& worker_key) {
      if (launched >= most || set.pending() == 0) return false;
      const Worker& worker = *workers_.find(worker_key);
      if (worker.running.size() >= worker.slots) return true;
      const auto taken = set.take(worker, level, turn.now);
      if (!taken) return false;
      launch(key, set, {taken->index, taken->locality}, worker, turn);
      last_offered_ = worker_key;
      nearest = nearest ? std::min(*nearest, taken->locality) : taken->locality;
      ++launched;
      more = true;
      return false;
    });
    more = more && launched < most && set.pending() > 0;
  }
  return launched;
}

std::size_t TaskScheduler::offer_copies(const SetKey& key, TaskSet& set,
                                        const std::vector<WorkerKey>& free, std::size_t most,
                                        Turn& turn) {
  std::size_t launched = 0;
  for (const bool same_node : {false, true}) {
    for (const WorkerKey& worker_key : free) {
      if (launched >= most) return launched;
      const Worker& worker = *workers_.find(worker_key);
      if (worker.running.size() >= worker.slots) continue;
      const auto index = set.take_copy(worker, same_node);
      if (!index) continue;
      launch(key, set, {*index, Locality::any, true}, worker, turn);
      ++counts_.copies;
      ++launched;
    }
  }
  return launched;
}

std::size_t TaskScheduler::launch_gang(const SetKey& key, TaskSet& set, Turn& turn) {
  std::vector<GangTask> tasks = set.gang();
  if (tasks.empty()) return 0;
  std::vector<FreeWorker> free;
  for (const WorkerKey& worker_key : offers_for(set, all)) {
    const Worker& worker = *workers_.find(worker_key);
    const auto slots = static_cast<std::uint32_t>(worker.slots - worker.running.size());
    free.push_back({worker_key, worker.node, slots});
  }
  const auto plan = plan_gang(std::move(tasks), std::move(free));
  if (!plan) return 0;
  set.take_gang();
  for (const auto& [index, worker] : *plan) {
    launch(key, set, {index}, *workers_.find(worker), turn);
  }
  return plan->size();
}

}  // namespace volley::driver
