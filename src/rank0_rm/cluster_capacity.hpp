#pragma once
// ClusterCapacity: what the ranks offer and what containers hold of it. A value owned by the
// ResourceManager; copies serve for "what if". What is held never exceeds what is offered.

#include "protocol/cluster_messages.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace volley::rm {

struct RankCapacity {
  std::uint32_t node = 0;
  std::uint32_t slots = 0;
  std::uint64_t memory = 0;
  std::string label;
  std::uint32_t used_slots = 0;
  std::uint64_t used_memory = 0;

  bool lost = false;    ///< gone: offers nothing, and only takes back
  bool closed = false;  ///< offers nothing more; what is held goes on

  bool offers() const { return !lost && !closed; }
  std::uint32_t free_slots() const { return offers() ? slots - used_slots : 0; }
  std::uint64_t free_memory() const { return offers() ? memory - used_memory : 0; }
};

class ClusterCapacity {
 public:
  /// Ranks are numbered by their position.
  explicit ClusterCapacity(std::vector<RankCapacity> ranks = {});

  const RankCapacity& at(base::Rank rank) const {
    return ranks_.at(static_cast<std::size_t>(rank));
  }
  std::size_t size() const { return ranks_.size(); }
  /// All ranks in the order in which containers go to them: 1, 2, ..., 0.
  const std::vector<base::Rank>& order() const { return order_; }
  /// Node -> its ranks, in the same order.
  const std::map<std::uint32_t, std::vector<base::Rank>>& nodes() const { return nodes_; }

  void take(const protocol::ContainerMember& member, base::ByteCount memory);
  void give_back(const protocol::ContainerMember& member, base::ByteCount memory);

  /// The rank is gone: it offers nothing any more. What is held of it may be given back.
  void lose(base::Rank rank);
  /// The rank will go: it takes no more containers.
  void close(base::Rank rank) { ranks_.at(static_cast<std::size_t>(rank)).closed = true; }
  /// The same ranks with nothing held.
  ClusterCapacity emptied() const;
  bool idle() const;
  std::uint32_t total_slots() const;
  std::uint64_t total_memory() const;
  std::uint32_t free_slots() const;
  std::uint64_t free_memory() const;
  struct Largest {
    std::uint32_t slots = 0;
    std::uint64_t memory = 0;
  };
  /// Most slots and most memory that some rank of the label has free; of any for an empty one.
  Largest largest_free(const std::string& label) const;
  std::uint32_t largest_rank_slots() const;
  std::uint64_t largest_rank_memory() const;
  std::uint32_t largest_node_slots() const;
  std::uint64_t largest_node_memory() const;

 private:
  std::vector<RankCapacity> ranks_;
  std::vector<base::Rank> order_;
  std::map<std::uint32_t, std::vector<base::Rank>> nodes_;
};

}  // namespace volley::rm
