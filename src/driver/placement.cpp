#include "driver/placement.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace volley::driver {

using base::no_rank;
using base::Rank;

Rank holder_on(const ShuffleTracker& shuffles, const RankNodes& nodes, const ShuffleRead& read,
               std::uint32_t node) {
  for (const Rank holder : shuffles.holders(read)) {
    const auto at = nodes.find(holder);
    if (at != nodes.end() && at->second == node) return holder;
  }
  return no_rank;
}

namespace {

bool avoids(const PlacementTask& task, std::uint32_t node) {
  return task.avoid && std::binary_search(task.avoid->begin(), task.avoid->end(), node);
}

/// Live ranks ordered by how much they were given for their slots.
class Loads {
 public:
  explicit Loads(const std::vector<LiveRank>& live) {
    for (const LiveRank& rank : live) {
      entries_[rank.rank] = {0, 0, rank.slots};
      order_.insert(key(rank.rank));
    }
  }
  bool empty() const { return order_.empty(); }
  /// The least loaded one that `may_use`, or no_rank.
  template <class MayUse>
  Rank least(const MayUse& may_use) const {
    const auto found = std::find_if(order_.begin(), order_.end(),
                                    [&](const Key& key) { return may_use(std::get<2>(key)); });
    return found == order_.end() ? no_rank : std::get<2>(*found);
  }
  void add(Rank rank, std::uint64_t bytes) {
    const auto found = entries_.find(rank);
    if (found == entries_.end()) return;
    order_.erase(key(rank));
    found->second.bytes += bytes;
    ++found->second.tasks;
    order_.insert(key(rank));
  }

 private:
  struct Entry {
    std::uint64_t bytes = 0;
    std::uint64_t tasks = 0;
    std::uint32_t slots = 1;
  };
  /// Bytes decide, then the number of tasks (many partitions are empty), then the rank.
  using Key = std::tuple<double, double, Rank>;
  Key key(Rank rank) const {
    const Entry& entry = entries_.at(rank);
    const auto slots = static_cast<double>(entry.slots);
    return {static_cast<double>(entry.bytes) / slots, static_cast<double>(entry.tasks) / slots,
            rank};
  }
  std::map<Rank, Entry> entries_;
  std::set<Key> order_;
};

struct Planner {
  const ShuffleTracker& shuffles;
  const RankNodes& nodes;
  std::set<std::uint32_t> live_nodes{};
  std::map<ShuffleRead, Rank> moving{};
  /// How many more tasks of a gang each node takes; nothing: it is no gang.
  std::optional<std::map<std::uint32_t, std::uint64_t>> room{};

  bool may_use(const PlacementTask& task, std::uint32_t node) const {
    return live_nodes.contains(node) && !avoids(task, node) && (!room || room->at(node) > 0);
  }
  void use(std::uint32_t node) {
    if (room) --room->at(node);
  }
  /// Nothing to avoid where that leaves no node.
  void relent(PlacementTask& task) const {
    if (!task.avoid) return;
    const bool some = std::any_of(live_nodes.begin(), live_nodes.end(),
                                  [&](std::uint32_t node) { return !avoids(task, node); });
    if (!some) task.avoid = nullptr;
  }

  /// A live node that holds everything the task reads.
  bool find_node(const PlacementTask& task, std::uint32_t& node) const {
    for (const Rank holder : shuffles.holders(task.reads.front())) {
      const auto at = nodes.find(holder);
      if (at == nodes.end() || !may_use(task, at->second)) continue;
      node = at->second;
      const bool all = std::all_of(task.reads.begin(), task.reads.end(), [&](const auto& read) {
        return holder_on(shuffles, nodes, read, node) != no_rank;
      });
      if (all) return true;
    }
    return false;
  }

  /// Where the largest partition that the task reads lies or is going to, on a live node.
  Rank anchor(const PlacementTask& task) const {
    Rank best = no_rank;
    std::uint64_t best_bytes = 0;
    const auto consider = [&](const ShuffleRead& read, Rank rank) {
      const auto at = nodes.find(rank);
      if (at == nodes.end() || !may_use(task, at->second)) return;
      const std::uint64_t bytes = shuffles.bytes(read);
      if (best != no_rank && bytes <= best_bytes) return;
      best = rank;
      best_bytes = bytes;
    };
    for (const ShuffleRead& read : task.reads) {
      const auto move = moving.find(read);
      if (move != moving.end()) consider(read, move->second);
      for (const Rank holder : shuffles.holders(read)) consider(read, holder);
    }
    return best;
  }
};

/// Takes out the ranks that every task avoids, unless that leaves fewer slots than are needed: then
/// nothing is avoided.
void leave_out_avoided(std::vector<PlacementTask>& tasks, std::vector<LiveRank>& live,
                       std::uint64_t slots_needed) {
  std::set<AvoidedNodes> kinds;
  for (const PlacementTask& task : tasks) kinds.insert(task.avoid);
  if (kinds.empty() || kinds.contains(nullptr)) return;
  std::vector<LiveRank> left;
  std::uint64_t slots = 0;
  for (const LiveRank& rank : live) {
    const bool by_all = std::all_of(kinds.begin(), kinds.end(), [&](const AvoidedNodes& avoided) {
      return std::binary_search(avoided->begin(), avoided->end(), rank.node);
    });
    if (by_all) continue;
    left.push_back(rank);
    slots += rank.slots;
  }
  if (slots >= slots_needed) {
    live = std::move(left);
    return;
  }
  for (PlacementTask& task : tasks) task.avoid = nullptr;
}

std::map<std::uint32_t, std::uint64_t> room_for_gang(const std::vector<LiveRank>& live,
                                                     const std::vector<PlacedTask>& placed) {
  std::map<std::uint32_t, std::uint64_t> room;
  for (const LiveRank& rank : live) room[rank.node] += rank.slots;
  for (const PlacedTask& task : placed) {
    const auto at = room.find(task.node);
    if (at != room.end() && at->second > 0) --at->second;
  }
  return room;
}

std::uint64_t task_bytes(const PlacementTask& task, const ShuffleTracker& shuffles) {
  std::uint64_t sum = 0;
  for (const ShuffleRead& read : task.reads) sum += shuffles.bytes(read);
  return sum;
}

}  // namespace

PlacementRound plan_round(std::vector<PlacementTask> tasks, const ShuffleTracker& shuffles,
                          const RankNodes& nodes, std::vector<LiveRank> live,
                          const std::vector<PlacedTask>* gang) {
  PlacementRound round;
  leave_out_avoided(tasks, live, gang == nullptr ? 1 : tasks.size() + gang->size());
  Planner planner{shuffles, nodes};
  for (const LiveRank& rank : live) planner.live_nodes.insert(rank.node);
  if (gang != nullptr) {
    planner.room = room_for_gang(live, *gang);
    std::uint64_t room = 0;
    for (const auto& [node, left] : *planner.room) room += left;
    if (room < tasks.size()) {
      round.waiting = std::move(tasks);
      return round;
    }
  }
  for (PlacementTask& task : tasks) {
    planner.relent(task);
    std::uint32_t node = 0;
    if (planner.find_node(task, node)) {
      planner.use(node);
      round.placed.push_back({task.index, node});
    } else {
      round.waiting.push_back(std::move(task));
    }
  }
  Loads loads(live);
  if (loads.empty()) return round;
  std::vector<std::pair<std::uint64_t, const PlacementTask*>> order;
  for (const PlacementTask& task : round.waiting) {
    order.emplace_back(task_bytes(task, shuffles), &task);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [bytes, task] : order) {
    Rank to = planner.anchor(*task);
    if (to == no_rank) {
      to = loads.least([&](Rank rank) { return planner.may_use(*task, nodes.at(rank)); });
    }
    if (to == no_rank) continue;
    const std::uint32_t node = nodes.at(to);
    planner.use(node);
    for (const ShuffleRead& read : task->reads) {
      if (holder_on(shuffles, nodes, read, node) != no_rank) continue;
      if (planner.moving.try_emplace(read, to).second) round.moves.push_back({read, to});
    }
    loads.add(to, bytes);
  }
  return round;
}

Skew measure_skew(const std::vector<std::uint64_t>& bytes) {
  Skew skew;
  if (bytes.empty()) return skew;
  const auto largest = std::max_element(bytes.begin(), bytes.end());
  skew.partition = static_cast<std::uint32_t>(largest - bytes.begin());
  skew.largest = *largest;
  for (const std::uint64_t value : bytes) skew.total += value;
  std::vector<std::uint64_t> sorted = bytes;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  skew.median = *middle;
  if (skew.largest > 0) {
    skew.factor = static_cast<double>(skew.largest) /
                  static_cast<double>(std::max<std::uint64_t>(skew.median, 1));
  }
  return skew;
}

}  // namespace volley::driver
