#include "rank0_rm/container_scheduler.hpp"

#include "base/check.hpp"
#include "protocol/containers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <tuple>
#include <unordered_set>

namespace volley::rm {

using base::ByteCount;
using base::Rank;
using protocol::ContainerAsk;
using protocol::ContainerMember;
using protocol::counted;

namespace {

/// Whether the ask may go to the rank at all.
bool may_use(const RankCapacity& rank, const ContainerAsk& ask) {
  const auto& excluded = ask.excluded_nodes;
  return (ask.label.empty() || rank.label == ask.label) &&
         std::find(excluded.begin(), excluded.end(), rank.node) == excluded.end();
}

bool fits(const RankCapacity& rank, const ContainerAsk& ask) {
  return may_use(rank, ask) && rank.free_slots() >= ask.cores &&
         rank.free_memory() >= ask.memory.value;
}

/// Least used first; a heap entry is stale once its rank's use has changed.
struct Candidate {
  bool not_preferred;
  std::uint32_t used_slots;
  std::size_t position;  ///< in ClusterCapacity::order()
  bool operator>(const Candidate& other) const {
    return std::tie(not_preferred, used_slots, position) >
           std::tie(other.not_preferred, other.used_slots, other.position);
  }
};

void place_on_single_ranks(ClusterCapacity& capacity, const ContainerAsk& ask,
                           std::vector<Members>& placed) {
  const std::unordered_set<Rank> preferred(ask.preferred.begin(), ask.preferred.end());
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](std::size_t position) {
    const Rank rank = capacity.order()[position];
    const RankCapacity& has = capacity.at(rank);
    if (fits(has, ask)) candidates.push({!preferred.contains(rank), has.used_slots, position});
  };
  for (std::size_t i = 0; i < capacity.order().size(); ++i) consider(i);
  while (placed.size() < ask.count && !candidates.empty()) {
    const std::size_t position = candidates.top().position;
    candidates.pop();
    const Rank rank = capacity.order()[position];
    const ContainerMember member{rank, capacity.at(rank).node, ask.cores};
    capacity.take(member, ask.memory);
    placed.push_back({member});
    consider(position);
  }
}

/// How many of a container's slots a rank can take, limited by their share of the memory too.
std::uint32_t usable_slots(const RankCapacity& rank, const ContainerAsk& ask) {
  if (!may_use(rank, ask)) return 0;
  std::uint32_t slots = std::min(rank.free_slots(), ask.cores);
  while (slots > 0 &&
         protocol::slots_share(ask.memory, ask.cores, slots).value > rank.free_memory()) {
    --slots;
  }
  return slots;
}

/// A container out of several of the node's ranks, or nothing. Takes no capacity.
Members assemble(const ClusterCapacity& capacity, const std::vector<Rank>& ranks,
                 const ContainerAsk& ask) {
  Members members;
  std::uint32_t missing = ask.cores;
  for (const Rank rank : ranks) {
    const std::uint32_t slots = std::min(usable_slots(capacity.at(rank), ask), missing);
    if (slots == 0) continue;
    members.push_back({rank, capacity.at(rank).node, slots});
    missing -= slots;
    if (missing == 0) return members;
  }
  return {};
}

void place_on_rank_groups(ClusterCapacity& capacity, const ContainerAsk& ask,
                          std::vector<Members>& placed) {
  bool progress = true;
  while (progress && placed.size() < ask.count) {
    progress = false;
    for (const auto& [node, ranks] : capacity.nodes()) {
      if (placed.size() == ask.count) return;
      Members members = assemble(capacity, ranks, ask);
      if (members.empty()) continue;
      for (const ContainerMember& member : members) {
        capacity.take(member, protocol::slots_share(ask.memory, ask.cores, member.slots));
      }
      placed.push_back(std::move(members));
      progress = true;
    }
  }
}

std::string cores_and_memory(const ContainerAsk& ask) {
  return fmt::format("{} and {}", counted(ask.cores, "core"), base::format_bytes(ask.memory.value));
}

}  // namespace

std::vector<Members> place(ClusterCapacity& capacity, const ContainerAsk& ask) {
  VOLLEY_CHECK(ask.cores > 0, "an ask of priority {} for containers of 0 cores", ask.priority);
  std::vector<Members> placed;
  place_on_single_ranks(capacity, ask, placed);
  if (ask.cores > 1) place_on_rank_groups(capacity, ask, placed);
  return placed;
}

std::optional<Members> place_on(ClusterCapacity& capacity, Rank rank, std::uint32_t cores,
                                ByteCount memory) {
  const RankCapacity& has = capacity.at(rank);
  if (has.free_slots() < cores || has.free_memory() < memory.value) return std::nullopt;
  const ContainerMember member{rank, has.node, cores};
  capacity.take(member, memory);
  return Members{member};
}

std::optional<Members> place_master(ClusterCapacity& capacity, std::uint32_t cores,
                                    ByteCount memory, const std::string& label) {
  bool another_could = false;
  for (const Rank rank : capacity.order()) {
    const RankCapacity& has = capacity.at(rank);
    if (!label.empty() && has.label != label) continue;
    if (rank == 0 && another_could) return std::nullopt;
    if (auto placed = place_on(capacity, rank, cores, memory)) return placed;
    another_could |= has.slots >= cores && has.memory >= memory.value;
  }
  return std::nullopt;
}

std::string why_not_one(const ClusterCapacity& capacity, const ContainerAsk& ask) {
  ContainerAsk one = ask;
  one.count = 1;
  ClusterCapacity trial = capacity;
  if (!place(trial, one).empty()) return {};

  std::uint32_t node_slots = 0, rank_slots = 0;
  std::uint64_t node_memory = 0, rank_memory = 0;
  bool labelled = false, usable = false;
  for (const auto& [node, ranks] : capacity.nodes()) {
    std::uint32_t slots = 0;
    std::uint64_t memory = 0;
    for (const Rank rank : ranks) {
      const RankCapacity& has = capacity.at(rank);
      labelled |= ask.label.empty() || has.label == ask.label;
      if (!may_use(has, ask)) continue;
      usable = true;
      slots += has.free_slots();
      memory += has.free_memory();
      rank_slots = std::max(rank_slots, has.free_slots());
      rank_memory = std::max(rank_memory, has.free_memory());
    }
    node_slots = std::max(node_slots, slots);
    node_memory = std::max(node_memory, memory);
  }
  if (!labelled) return fmt::format("no rank has the label '{}'", ask.label);
  if (!usable) {
    return fmt::format("all nodes that it may use are excluded ({} of {})",
                       ask.excluded_nodes.size(), capacity.nodes().size());
  }
  if (node_slots < ask.cores) {
    return fmt::format("one needs {}; the largest node has {} to give", counted(ask.cores, "core"),
                       node_slots);
  }
  if (node_memory < ask.memory.value) {
    return fmt::format("one needs {} of memory; the largest node has {} to give",
                       base::format_bytes(ask.memory.value), base::format_bytes(node_memory));
  }
  return fmt::format("one needs {} on one node; the largest rank has {} and {} of memory to give",
                     cores_and_memory(ask), counted(rank_slots, "slot"),
                     base::format_bytes(rank_memory));
}

std::string why_fewer(const ClusterCapacity& capacity, const ContainerAsk& ask,
                      std::uint32_t wanted, std::uint32_t granted) {
  return fmt::format("wanted {} of {}; {} granted; free now: {} and {} of memory on {}",
                     counted(wanted, "executor"), cores_and_memory(ask), granted,
                     counted(capacity.free_slots(), "slot"),
                     base::format_bytes(capacity.free_memory()), counted(capacity.size(), "rank"));
}

}  // namespace volley::rm
