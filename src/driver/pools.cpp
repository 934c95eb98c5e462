#include "driver/pools.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

bool fair_before(const Share& a, const Share& b) {
  const bool a_needs = a.running < a.min_share;
  const bool b_needs = b.running < b.min_share;
  if (a_needs != b_needs) return a_needs;
  const auto by = [](const Share& share, std::uint32_t unit) {
    return static_cast<double>(share.running) / static_cast<double>(std::max(unit, 1U));
  };
  const double a_load = by(a, a_needs ? a.min_share : a.weight);
  const double b_load = by(b, b_needs ? b.min_share : b.weight);
  return a_load != b_load ? a_load < b_load : a.name < b.name;
}

/// Pools and sets that exist now, by the name of their parent; the root has no name.
struct Pools::Tree {
  std::map<std::string, std::vector<std::string>> pools;
  std::map<std::string, std::vector<const WantingSet*>> sets;
  std::map<std::string, std::size_t> running;
};

Pools::Pools(const std::vector<PoolOptions>& configured) {
  for (const PoolOptions& pool : configured) configured_.emplace(pool.name, pool);
}

PoolOptions Pools::options_of(const std::string& name) const {
  const auto found = configured_.find(name);
  if (found != configured_.end()) return found->second;
  PoolOptions fresh;
  fresh.name = name;
  return fresh;
}

std::vector<SetKey> Pools::order(const std::vector<WantingSet>& sets) const {
  Tree tree;
  for (const WantingSet& set : sets) {
    std::string pool = set.pool.empty() ? default_pool : set.pool;
    tree.sets[pool].push_back(&set);
    // Every pool on the way to the root carries the set's tasks. A circle of parents ends it.
    for (std::size_t depth = 0; !pool.empty() && depth <= configured_.size(); ++depth) {
      const std::string parent = options_of(pool).parent;
      auto& siblings = tree.pools[parent];
      if (std::find(siblings.begin(), siblings.end(), pool) == siblings.end()) {
        siblings.push_back(pool);
      }
      tree.running[pool] += set.running;
      pool = parent;
    }
  }
  std::vector<SetKey> order;
  serve(tree, {}, order);
  return order;
}

void Pools::serve(const Tree& tree, const std::string& pool, std::vector<SetKey>& order) const {
  const bool fair = pool.empty() || options_of(pool).mode == ScheduleMode::fair;
  struct Child {
    Share share;
    const WantingSet* set = nullptr;  ///< null: a pool
  };
  std::vector<Child> children;
  if (const auto pools = tree.pools.find(pool); pools != tree.pools.end()) {
    for (const std::string& name : pools->second) {
      const PoolOptions options = options_of(name);
      children.push_back({{name, tree.running.at(name), options.min_share, options.weight}});
    }
  }
  if (const auto sets = tree.sets.find(pool); sets != tree.sets.end()) {
    for (const WantingSet* set : sets->second) children.push_back({{{}, set->running}, set});
  }
  std::sort(children.begin(), children.end(), [&](const Child& a, const Child& b) {
    const bool both_sets = a.set != nullptr && b.set != nullptr;
    if (fair && (fair_before(a.share, b.share) || fair_before(b.share, a.share))) {
      return fair_before(a.share, b.share);
    }
    if (both_sets) return a.set->key < b.set->key;
    return (a.set == nullptr) != (b.set == nullptr) ? a.set == nullptr
                                                    : a.share.name < b.share.name;
  });
  for (const Child& child : children) {
    if (child.set == nullptr) {
      serve(tree, child.share.name, order);
    } else if (child.set->wants) {
      order.push_back(child.set->key);
    }
  }
}

}  // namespace volley::driver
