#pragma once
// PartitionTable: the reduce partitions of one shuffle that this rank holds for its readers, as
// chunk lists. Chunks that came from other nodes lie in slabs that this table owns (owner: the
// rank); chunks of this node's map outputs are references. One thread.

#include "protocol/driver_messages.hpp"
#include "storage/node_arena.hpp"

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace volley::exchange {

class PartitionTable {
 public:
  PartitionTable(storage::NodeArena& arena, storage::NodeArena::Owner owner)
      : arena_(&arena), owner_(owner) {}

  struct Listed {
    std::vector<protocol::Chunk> chunks;    ///< by map, then in writing order
    std::vector<protocol::Chunk> received;  ///< those of them that came from other nodes
  };
  /// Lists partitions, anew if they were listed, and takes over the slabs of received chunks. Those
  /// of an earlier list are freed, unless somebody was told about them: then they stay until
  /// clear().
  void put(std::map<std::uint32_t, Listed> partitions);

  /// The chunks to tell a reader; null when the partition is not listed.
  const std::vector<protocol::Chunk>* hand_out(std::uint32_t partition);

  bool empty() const { return partitions_.empty() && references_.empty(); }
  /// Releases everything.
  void clear();

 private:
  struct Entry {
    Listed listed;
    bool handed_out = false;
  };

  /// Calls visit(slab) for every slab that a chunk touches.
  template <class Visit>
  void each_slab(const protocol::Chunk& chunk, Visit&& visit) const {
    if (chunk.bytes == 0) return;
    const std::uint64_t last = (chunk.offset + chunk.bytes - 1) / arena_->slab_bytes();
    for (std::uint64_t slab = chunk.offset / arena_->slab_bytes(); slab <= last; ++slab) {
      visit(slab);
    }
  }

  storage::NodeArena* arena_;
  storage::NodeArena::Owner owner_;
  std::map<std::uint32_t, Entry> partitions_;
  std::unordered_map<std::uint64_t, std::uint64_t> references_;  ///< per owned slab: chunks in it
};

}  // namespace volley::exchange
