#pragma once
// What holds for keys of any type. Compiling it takes a while: a file has at most three types.

#include "check.hpp"

#include <functional>

namespace cluster_test {

/// Each key twice, over several partitions: grouped and reduced, every key has two values.
template <class K>
void check_key(volley::Context& context, Checks& checks, const std::string& name,
               const std::vector<K>& keys) {
  std::vector<std::pair<K, int>> pairs;
  for (const int value : {1, 2}) {
    for (const K& key : keys) pairs.emplace_back(key, value);
  }
  const volley::Rdd<std::pair<K, int>> rdd = context.parallelize(pairs, 5);
  std::vector<std::pair<K, int>> sums;
  for (const K& key : keys) sums.emplace_back(key, 3);
  checks.equal("keys: " + name, sorted(rdd.reduce_by_key(std::plus<>{}, 3).collect()),
               sorted(sums));
  const auto groups = rdd.group_by_key(4).collect();
  checks.equal("groups: " + name, groups.size(), keys.size());
  for (const auto& [key, values] : groups) {
    checks.equal("group: " + name, values, std::vector{1, 2});
  }
  const auto order = rdd.sort_by_key(true, 3).keys().collect();
  checks.holds("sorted: " + name,
               order.size() == pairs.size() && std::is_sorted(order.begin(), order.end()));
}

}  // namespace cluster_test
