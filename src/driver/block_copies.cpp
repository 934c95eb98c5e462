#include "driver/block_copies.hpp"

#include <algorithm>

namespace volley::driver {

using protocol::BlockId;

std::optional<WorkerKey> choose_copy(const BlockId& block, const std::set<WorkerKey>& holders,
                                     const std::set<WorkerKey>& ruled_out,
                                     const WorkerTable& workers) {
  std::set<std::uint32_t> nodes;
  for (const WorkerKey& key : holders) {
    if (const Worker* worker = workers.find(key)) nodes.insert(worker->node);
  }
  std::vector<WorkerKey> elsewhere;
  std::vector<WorkerKey> beside;
  for (const auto& [key, worker] : workers.workers()) {
    if (!workers.live(key) || holders.contains(key) || ruled_out.contains(key)) continue;
    const bool same_executor = std::any_of(holders.begin(), holders.end(), [&](const auto& holder) {
      return holder.executor == key.executor;
    });
    if (same_executor) continue;  // it would be lost together with the other copy
    (nodes.contains(worker.node) ? beside : elsewhere).push_back(key);
  }
  const std::vector<WorkerKey>& candidates = elsewhere.empty() ? beside : elsewhere;
  if (candidates.empty()) return std::nullopt;
  return candidates[(block.rdd + block.partition) % candidates.size()];
}

void BlockCopies::want(const std::vector<protocol::StoredRdd>& stored) {
  for (const protocol::StoredRdd& rdd : stored) {
    if (rdd.level.replication > 1) wanted_[rdd.rdd] = rdd;
  }
}

std::set<WorkerKey> BlockCopies::targets(const std::map<Copy, WorkerKey>& copies,
                                         const BlockId& block) const {
  std::set<WorkerKey> found;
  for (auto at = copies.lower_bound({block, WorkerKey{}});
       at != copies.end() && at->first.first == block; ++at) {
    found.insert(at->first.second);
  }
  return found;
}

void BlockCopies::fill(const BlockId& block, Turn& turn) {
  const auto wanted = wanted_.find(block.rdd);
  if (wanted == wanted_.end()) return;
  const std::vector<WorkerKey> sources = blocks_.locations(block);
  if (sources.empty()) return;
  const Worker* source = workers_.find(sources.front());
  if (source == nullptr) return;
  std::set<WorkerKey> holders = targets(pending_, block);
  holders.insert(sources.begin(), sources.end());
  const std::set<WorkerKey> ruled_out = targets(refused_, block);
  while (holders.size() < wanted->second.level.replication) {
    const auto target = choose_copy(block, holders, ruled_out, workers_);
    if (!target) return;
    holders.insert(*target);
    pending_[{block, *target}] = source->key;
    turn.outbox.send(workers_.find(*target)->address,
                     protocol::BlockCopyRequested{{block, source->address}, wanted->second});
  }
}

void BlockCopies::fill_all(Turn& turn) {
  for (const auto& [rdd, stored] : wanted_) {
    for (const BlockId& block : blocks_.blocks(rdd)) fill(block, turn);
  }
}

void BlockCopies::on(const protocol::BlockCopied& message, Turn& turn) {
  const WorkerKey worker{message.executor, message.member};
  const auto pending = pending_.find({message.block, worker});
  if (pending == pending_.end()) return;  // it is not wanted any more
  const WorkerKey source = pending->second;
  pending_.erase(pending);
  if (message.held) {
    blocks_.add(message.block, worker);
  } else if (workers_.find(source) != nullptr) {
    refused_[{message.block, worker}] = source;
  }
  fill(message.block, turn);
}

void BlockCopies::forget(base::RddId rdd) {
  wanted_.erase(rdd);
  const auto of_it = [rdd](const auto& copy) { return copy.first.first.rdd == rdd; };
  std::erase_if(pending_, of_it);
  std::erase_if(refused_, of_it);
}

void BlockCopies::executor_lost(base::ExecutorId executor, const std::vector<BlockId>& lost,
                                Turn& turn) {
  std::set<BlockId> affected(lost.begin(), lost.end());
  const auto of_it = [executor](const auto& copy) {
    return copy.first.second.executor == executor;
  };
  for (const auto& copy : pending_) {
    if (of_it(copy)) affected.insert(copy.first.first);
  }
  std::erase_if(pending_, of_it);
  std::erase_if(refused_, of_it);
  for (const BlockId& block : affected) fill(block, turn);
}

}  // namespace volley::driver
