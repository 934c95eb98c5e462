#pragma once
// Placement: which rank gets which reduce partitions before a stage that reads shuffles runs. A
// pure decision over what the ShuffleTracker knows. A task runs on the node where all its
// partitions are held, so partitions that one task reads must meet on one node; when tasks pull a
// partition to different nodes (a cartesian product), it takes more than one round of exchanges.

#include "base/ids.hpp"
#include "driver/shuffle_tracker.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace volley::driver {

/// Nodes that a task uses only when no other one is live, sorted; null: none. Shared, as most tasks
/// of a set avoid the same.
using AvoidedNodes = std::shared_ptr<const std::vector<std::uint32_t>>;

/// A rank with live executors.
struct LiveRank {
  base::Rank rank = base::no_rank;
  std::uint32_t node = 0;
  std::uint32_t slots = 0;
};
using RankNodes = std::unordered_map<base::Rank, std::uint32_t>;

/// A task of the stage by its index there, and the partitions that must be placed for it.
struct PlacementTask {
  std::uint32_t index = 0;
  std::vector<ShuffleRead> reads;
  AvoidedNodes avoid{};
};
struct PlacedTask {
  std::uint32_t index = 0;
  std::uint32_t node = 0;
};
struct Move {
  ShuffleRead read;
  base::Rank to = base::no_rank;
};
struct PlacementRound {
  std::vector<PlacedTask> placed;      ///< can run there now
  std::vector<PlacementTask> waiting;  ///< for the moves, or for the next round
  std::vector<Move> moves;             ///< partitions to exchange, each at most once
};

/// Largest tasks first, each to the least loaded rank for its slots; a task whose partitions are
/// partly placed on a live node follows them. Without live ranks there are no moves. Tasks that
/// start together give what of their `gang` has a node already (null: no gang): then no node gets
/// more of them than it has slots, and while all nodes have too few, nothing is placed.
PlacementRound plan_round(std::vector<PlacementTask> tasks, const ShuffleTracker& shuffles,
                          const RankNodes& nodes, std::vector<LiveRank> live,
                          const std::vector<PlacedTask>* gang = nullptr);

/// The holder of the partition on the node, or no_rank.
base::Rank holder_on(const ShuffleTracker& shuffles, const RankNodes& nodes,
                     const ShuffleRead& read, std::uint32_t node);

/// How uneven the partitions of a shuffle are.
struct Skew {
  std::uint32_t partition = 0;  ///< the largest
  std::uint64_t largest = 0;
  std::uint64_t median = 0;
  std::uint64_t total = 0;
  double factor = 1;  ///< largest over median, at least 1 byte
};
Skew measure_skew(const std::vector<std::uint64_t>& bytes);

}  // namespace volley::driver
