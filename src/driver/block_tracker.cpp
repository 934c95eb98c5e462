#include "driver/block_tracker.hpp"

namespace volley::driver {

using protocol::BlockId;

void BlockTracker::add(const BlockId& block, const WorkerKey& worker) {
  rdds_[block.rdd][block.partition].insert(worker);
  ever_held_.insert(worker.executor);
}

void BlockTracker::remove(const BlockId& block, const WorkerKey& worker) {
  const auto rdd = rdds_.find(block.rdd);
  if (rdd == rdds_.end()) return;
  const auto at = rdd->second.find(block.partition);
  if (at == rdd->second.end()) return;
  at->second.erase(worker);
  if (at->second.empty()) rdd->second.erase(at);
  if (rdd->second.empty()) rdds_.erase(rdd);
}

std::set<WorkerKey> BlockTracker::remove_rdd(base::RddId rdd) {
  std::set<WorkerKey> holders;
  const auto found = rdds_.find(rdd);
  if (found == rdds_.end()) return holders;
  for (const auto& [partition, workers] : found->second) {
    holders.insert(workers.begin(), workers.end());
  }
  rdds_.erase(found);
  return holders;
}

std::vector<BlockId> BlockTracker::remove_executor(base::ExecutorId executor) {
  std::vector<BlockId> lost;
  if (ever_held_.erase(executor) == 0) return lost;
  for (auto rdd = rdds_.begin(); rdd != rdds_.end();) {
    for (auto at = rdd->second.begin(); at != rdd->second.end();) {
      const auto erased =
          std::erase_if(at->second, [&](const WorkerKey& key) { return key.executor == executor; });
      if (erased != 0) lost.push_back({rdd->first, at->first});
      at = at->second.empty() ? rdd->second.erase(at) : std::next(at);
    }
    rdd = rdd->second.empty() ? rdds_.erase(rdd) : std::next(rdd);
  }
  return lost;
}

std::vector<BlockId> BlockTracker::blocks(base::RddId rdd) const {
  std::vector<BlockId> held;
  const auto found = rdds_.find(rdd);
  if (found == rdds_.end()) return held;
  for (const auto& [partition, workers] : found->second) held.push_back({rdd, partition});
  return held;
}

std::vector<WorkerKey> BlockTracker::locations(const BlockId& block) const {
  const auto rdd = rdds_.find(block.rdd);
  if (rdd == rdds_.end()) return {};
  const auto at = rdd->second.find(block.partition);
  if (at == rdd->second.end()) return {};
  return {at->second.begin(), at->second.end()};
}

bool BlockTracker::fully_cached(base::RddId rdd, std::uint32_t partitions) const {
  const auto found = rdds_.find(rdd);
  return found != rdds_.end() && found->second.size() >= partitions;
}

std::set<base::ExecutorId> BlockTracker::holders() const {
  std::set<base::ExecutorId> holders;
  for (const auto& [rdd, partitions] : rdds_) {
    for (const auto& [partition, workers] : partitions) {
      for (const WorkerKey& worker : workers) holders.insert(worker.executor);
    }
  }
  return holders;
}

std::size_t BlockTracker::size() const {
  std::size_t blocks = 0;
  for (const auto& [rdd, locations] : rdds_) blocks += locations.size();
  return blocks;
}

}  // namespace volley::driver
