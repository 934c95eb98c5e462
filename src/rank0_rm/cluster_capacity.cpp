#include "rank0_rm/cluster_capacity.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace volley::rm {

using base::ByteCount;
using base::Rank;
using protocol::ContainerMember;

ClusterCapacity::ClusterCapacity(std::vector<RankCapacity> ranks) : ranks_(std::move(ranks)) {
  order_.reserve(ranks_.size());
  for (std::size_t i = 1; i < ranks_.size(); ++i) order_.push_back(static_cast<Rank>(i));
  if (!ranks_.empty()) order_.push_back(0);
  for (const Rank rank : order_) nodes_[at(rank).node].push_back(rank);
}

void ClusterCapacity::take(const ContainerMember& member, ByteCount memory) {
  RankCapacity& rank = ranks_.at(static_cast<std::size_t>(member.rank));
  VOLLEY_CHECK(member.slots <= rank.free_slots() && memory.value <= rank.free_memory(),
               "rank {} has {} slots and {} bytes free; wanted {} and {}", member.rank,
               rank.free_slots(), rank.free_memory(), member.slots, memory.value);
  rank.used_slots += member.slots;
  rank.used_memory += memory.value;
}

void ClusterCapacity::give_back(const ContainerMember& member, ByteCount memory) {
  RankCapacity& rank = ranks_.at(static_cast<std::size_t>(member.rank));
  VOLLEY_CHECK(member.slots <= rank.used_slots && memory.value <= rank.used_memory,
               "rank {} lent {} slots and {} bytes; returned {} and {}", member.rank,
               rank.used_slots, rank.used_memory, member.slots, memory.value);
  rank.used_slots -= member.slots;
  rank.used_memory -= memory.value;
}

void ClusterCapacity::lose(Rank lost) {
  RankCapacity& rank = ranks_.at(static_cast<std::size_t>(lost));
  rank.lost = true;
  rank.slots = 0;
  rank.memory = 0;
}

ClusterCapacity ClusterCapacity::emptied() const {
  ClusterCapacity copy = *this;
  for (RankCapacity& rank : copy.ranks_) {
    rank.used_slots = 0;
    rank.used_memory = 0;
  }
  return copy;
}

bool ClusterCapacity::idle() const {
  return std::all_of(ranks_.begin(), ranks_.end(), [](const RankCapacity& rank) {
    return rank.used_slots == 0 && rank.used_memory == 0;
  });
}

std::uint32_t ClusterCapacity::total_slots() const {
  std::uint32_t sum = 0;
  for (const RankCapacity& rank : ranks_) sum += rank.slots;
  return sum;
}

std::uint64_t ClusterCapacity::total_memory() const {
  std::uint64_t sum = 0;
  for (const RankCapacity& rank : ranks_) sum += rank.memory;
  return sum;
}

std::uint32_t ClusterCapacity::free_slots() const {
  std::uint32_t sum = 0;
  for (const RankCapacity& rank : ranks_) sum += rank.free_slots();
  return sum;
}

std::uint64_t ClusterCapacity::free_memory() const {
  std::uint64_t sum = 0;
  for (const RankCapacity& rank : ranks_) sum += rank.free_memory();
  return sum;
}

ClusterCapacity::Largest ClusterCapacity::largest_free(const std::string& label) const {
  Largest largest;
  for (const RankCapacity& rank : ranks_) {
    if (!label.empty() && rank.label != label) continue;
    largest.slots = std::max(largest.slots, rank.free_slots());
    largest.memory = std::max(largest.memory, rank.free_memory());
  }
  return largest;
}

std::uint32_t ClusterCapacity::largest_rank_slots() const {
  std::uint32_t largest = 0;
  for (const RankCapacity& rank : ranks_) largest = std::max(largest, rank.slots);
  return largest;
}

std::uint64_t ClusterCapacity::largest_rank_memory() const {
  std::uint64_t largest = 0;
  for (const RankCapacity& rank : ranks_) largest = std::max(largest, rank.memory);
  return largest;
}

std::uint32_t ClusterCapacity::largest_node_slots() const {
  std::uint32_t largest = 0;
  for (const auto& [node, ranks] : nodes_) {
    std::uint32_t sum = 0;
    for (const Rank rank : ranks) sum += at(rank).slots;
    largest = std::max(largest, sum);
  }
  return largest;
}

std::uint64_t ClusterCapacity::largest_node_memory() const {
  std::uint64_t largest = 0;
  for (const auto& [node, ranks] : nodes_) {
    std::uint64_t sum = 0;
    for (const Rank rank : ranks) sum += at(rank).memory;
    largest = std::max(largest, sum);
  }
  return largest;
}

}  // namespace volley::rm
