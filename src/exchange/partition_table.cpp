#include "exchange/partition_table.hpp"

#include <utility>

namespace volley::exchange {

void PartitionTable::put(std::map<std::uint32_t, Listed> partitions) {
  for (auto& [partition, listed] : partitions) {
    for (const protocol::Chunk& chunk : listed.received) {
      each_slab(chunk, [&](std::uint64_t slab) { ++references_[slab]; });
    }
    Entry& entry = partitions_[partition];
    Entry old = std::exchange(entry, Entry{std::move(listed), false});
    if (old.handed_out) continue;  // its references are never given back, so its slabs stay
    for (const protocol::Chunk& chunk : old.listed.received) {
      each_slab(chunk, [&](std::uint64_t slab) {
        if (--references_.at(slab) != 0) return;
        references_.erase(slab);
        arena_->release(slab, owner_);
      });
    }
  }
}

const std::vector<protocol::Chunk>* PartitionTable::hand_out(std::uint32_t partition) {
  const auto at = partitions_.find(partition);
  if (at == partitions_.end()) return nullptr;
  at->second.handed_out = true;
  return &at->second.listed.chunks;
}

void PartitionTable::clear() {
  for (const auto& [slab, count] : references_) arena_->release(slab, owner_);
  references_.clear();
  partitions_.clear();
}

}  // namespace volley::exchange
