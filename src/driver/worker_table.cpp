#include "driver/worker_table.hpp"

#include "base/check.hpp"

#include <utility>

namespace volley::driver {

using base::ExecutorId;

WorkerTable::Registration WorkerTable::add(const protocol::ExecutorRegistered& message,
                                           const protocol::Address& from, base::TimePoint now) {
  if (lost_.contains(message.executor)) return Registration::lost_before;
  const WorkerKey key{message.executor, message.member};
  Worker worker;
  worker.key = key;
  worker.address = from;
  worker.node = message.node;
  worker.slots = message.slots;
  worker.members = message.members;
  worker.last_seen = now;
  worker.host = message.host;
  const auto [at, fresh] = workers_.try_emplace(key, std::move(worker));
  if (!fresh) {
    at->second.last_seen = now;
    return Registration::repeated;
  }
  by_key_.emplace(key, &at->second);
  nodes_[from.rank] = message.node;
  Executor& executor = executors_[message.executor];
  executor.members = message.members;
  ++executor.registered;
  if (!complete(message.executor)) return Registration::accepted;
  ++complete_;
  expected_.erase(message.executor);
  for (std::uint32_t member = 0; member < executor.members; ++member) {
    Worker* ready = known({message.executor, member});
    if (ready == nullptr) continue;
    ready->live = true;
    ++live_nodes_[ready->node];
    slots_ += ready->slots;
    update_free(*ready);
  }
  return Registration::accepted;
}

void WorkerTable::expect(const protocol::ExecutorLaunched& message, base::TimePoint now) {
  if (lost_.contains(message.executor) || complete(message.executor)) return;
  expected_.try_emplace(message.executor, Expected{message, now});
}

std::vector<protocol::ExecutorLaunched> WorkerTable::overdue(base::TimePoint since) const {
  std::vector<protocol::ExecutorLaunched> late;
  for (const auto& [executor, expected] : expected_) {
    if (expected.since <= since) late.push_back(expected.launch);
  }
  return late;
}

std::vector<Worker> WorkerTable::remove(ExecutorId executor) {
  std::vector<Worker> removed;
  lost_.insert(executor);
  expected_.erase(executor);
  const bool was_complete = complete(executor);
  auto at = workers_.lower_bound({executor, 0});
  while (at != workers_.end() && at->first.executor == executor) {
    if (was_complete) retract(at->second);
    by_key_.erase(at->first);
    free_.erase(at->first);
    backlogged_.erase(at->first);
    removed.push_back(std::move(at->second));
    at = workers_.erase(at);
  }
  if (was_complete) --complete_;
  executors_.erase(executor);
  return removed;
}

/// It does not count as capacity any more.
void WorkerTable::retract(Worker& worker) {
  worker.live = false;
  slots_ -= worker.slots;
  if (--live_nodes_[worker.node] == 0) live_nodes_.erase(worker.node);
  free_.erase(worker.key);
}

bool WorkerTable::decommission(ExecutorId executor, base::TimePoint now) {
  const auto found = executors_.find(executor);
  if (found == executors_.end() || !complete(executor)) return false;
  for (auto at = workers_.lower_bound({executor, 0});
       at != workers_.end() && at->first.executor == executor; ++at) {
    at->second.leaving = now;
    retract(at->second);
  }
  --complete_;
  found->second.leaving = true;
  return true;
}

/// All members are here, and it is not leaving.
bool WorkerTable::complete(ExecutorId executor) const {
  const auto found = executors_.find(executor);
  return found != executors_.end() && !found->second.leaving &&
         found->second.registered == found->second.members;
}

void WorkerTable::update_free(const Worker& worker) {
  if (worker.running.size() < worker.slots && worker.live) {
    free_.insert(worker.key);
  } else {
    free_.erase(worker.key);
  }
  if (worker.running.size() == worker.slots + std::size_t{1}) {
    backlogged_.insert(worker.key);
  } else if (worker.running.size() == worker.slots) {
    backlogged_.erase(worker.key);
  }
}

Worker* WorkerTable::known(const WorkerKey& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

const Worker* WorkerTable::find(const WorkerKey& key) const { return known(key); }

bool WorkerTable::live(const WorkerKey& key) const {
  const Worker* worker = known(key);
  return worker != nullptr && worker->live;
}

void WorkerTable::seen(const WorkerKey& key, base::TimePoint now) {
  if (Worker* worker = known(key)) worker->last_seen = now;
}

void WorkerTable::all_seen(base::TimePoint now) {
  for (auto& [key, worker] : workers_) worker.last_seen = now;
  for (auto& [executor, expected] : expected_) expected.since = now;
}

void WorkerTable::task_started(const WorkerKey& key, base::TaskId task, base::TimePoint now) {
  Worker& worker = *known(key);
  if (worker.running.empty()) worker.progressed = now;
  worker.running.insert(task);
  update_free(worker);
}

void WorkerTable::task_ended(const WorkerKey& key, base::TaskId task, base::TimePoint now) {
  Worker* worker = known(key);
  if (worker == nullptr) return;
  worker->running.erase(task);
  worker->progressed = now;
  update_free(*worker);
}

std::vector<LiveRank> WorkerTable::live_ranks() const {
  std::map<base::Rank, LiveRank> ranks;
  for (const auto& [key, worker] : workers_) {
    if (!worker.live || worker.slots == 0) continue;
    LiveRank& rank = ranks[worker.address.rank];
    rank.rank = worker.address.rank;
    rank.node = worker.node;
    rank.slots += worker.slots;
  }
  std::vector<LiveRank> list;
  for (const auto& [id, rank] : ranks) list.push_back(rank);
  return list;
}

}  // namespace volley::driver
