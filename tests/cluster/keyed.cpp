// reduce_by_key, group_by_key, distinct: results, partitions of keys, partitioners.

#include "check.hpp"

#include <functional>
#include <map>
#include <set>

namespace cluster_test {
namespace {

using IntPairs = std::vector<std::pair<int, int>>;
using Groups = std::map<int, std::vector<int>>;

template <class P>
Groups as_groups(const volley::Rdd<std::pair<int, std::vector<int>>, P>& rdd) {
  Groups groups;
  for (auto& [key, values] : rdd.collect()) groups[key] = sorted(std::move(values));
  return groups;
}

void check_grouping(volley::Context& context, Checks& checks) {
  const volley::Rdd<std::pair<int, int>> pairs =
      context.parallelize(IntPairs{{1, 1}, {1, 2}, {1, 3}, {2, 1}}, 4);
  checks.equal("SHUF-01", as_groups(pairs.group_by_key()), Groups{{1, {1, 2, 3}}, {2, {1}}});
  const volley::Rdd<std::pair<int, int>> twice =
      context.parallelize(IntPairs{{1, 1}, {1, 2}, {1, 3}, {1, 1}, {2, 1}}, 3);
  const Groups expected{{1, {1, 1, 2, 3}}, {2, {1}}};
  checks.equal("PAIR_003", as_groups(twice.group_by_key()), expected);
  checks.equal("PAIR_005", as_groups(twice.group_by_key(10)), expected);
  checks.equal("DIST-02", as_groups(pairs.group_by_key(5)), Groups{{1, {1, 2, 3}}, {2, {1}}});
  // Values come in map-partition order, whatever finished first.
  const auto ordered = context.range(0, 1000, 1, 20)
                           .map([](std::int64_t x) {
                             return std::pair{x % 3, x};
                           })
                           .group_by_key(2)
                           .collect();
  bool in_order = ordered.size() == 3;
  for (const auto& [key, values] : ordered) {
    in_order = in_order && std::is_sorted(values.begin(), values.end()) && values.size() >= 333;
  }
  checks.holds("group_by_key keeps map-partition order", in_order);
}

void check_reducing(volley::Context& context, Checks& checks) {
  const volley::Rdd<std::pair<int, int>> pairs =
      context.parallelize(IntPairs{{1, 1}, {1, 2}, {1, 3}, {1, 1}, {2, 1}}, 3);
  const IntPairs expected{{1, 7}, {2, 1}};
  checks.equal("PAIR_008", sorted(pairs.reduce_by_key(std::plus<>{}).collect()), expected);
  const auto ten = pairs.reduce_by_key(std::plus<>{}, 10);
  checks.equal("PAIR_008 in 10 partitions", sorted(ten.collect()), expected);
  checks.equal("PAIR_008 number of partitions", ten.num_partitions(), 10U);

  // Already partitioned right: no second shuffle.
  const auto again = ten.map_values([](int v) { return v + 1; }).reduce_by_key(std::plus<>{}, 10);
  checks.equal("PAIR_009 dependencies", shuffles(again), std::vector<bool>{false});
  checks.equal("PAIR_009", sorted(again.collect()), IntPairs{{1, 8}, {2, 2}});
  const auto moved = ten.map([](const auto& entry) { return entry; }).reduce_by_key(std::plus<>{});
  checks.equal("PART_014 map forgets the partitioner", shuffles(moved), std::vector<bool>{true});
  const auto kept = ten.filter([](const auto& entry) { return entry.first == 1; }).group_by_key();
  checks.equal("PART_014 filter keeps the partitioner", shuffles(kept), std::vector<bool>{false});
  checks.equal("PART_014 grouping without a shuffle", as_groups(kept), Groups{{1, {7}}});
  checks.equal("PART_012", shuffles(ten.group_by_key(3)), std::vector<bool>{true});

  // Key k is in partition k mod n, not negative.
  const auto placed = context.parallelize(numbers(-20, 20), 4)
                          .map([](int x) {
                            return std::pair{x, 1};
                          })
                          .reduce_by_key(std::plus<>{}, 7)
                          .map_partitions_with_index([](std::uint32_t index, auto& records) {
                            std::vector<std::pair<int, int>> places;
                            records.for_each([&](const auto& record) {
                              places.emplace_back(record.first, static_cast<int>(index));
                            });
                            return places;
                          })
                          .collect();
  IntPairs places;
  for (const int k : numbers(-20, 20)) places.emplace_back(k, ((k % 7) + 7) % 7);
  checks.equal("partition of a key", sorted(placed), places);

  const auto sparse = context.parallelize(numbers(1, 10), 1000)
                          .map([](int x) {
                            return std::pair{x, x};
                          })
                          .reduce_by_key(std::plus<>{}, 1000);
  checks.equal("10 records in 1000 partitions, shuffled", sparse.count(), 10);
  checks.equal("more reducers than keys", sorted(sparse.keys().collect()), numbers(1, 10));
}

void check_distinct(volley::Context& context, Checks& checks) {
  const auto doubles = context.parallelize({1, 1, 2, 2, 3, 3, 4, 4}, 2).distinct();
  checks.equal("RDD_002 count", doubles.count(), 4);
  checks.equal("RDD_002 equal order", doubles.collect(), doubles.collect());
  checks.equal("RDD_002 content", sorted(doubles.collect()), numbers(1, 4));
  checks.equal("RDD_002 distinct(2)",
               sorted(context.parallelize({1, 1, 2, 2, 3, 3, 4, 4}, 3).distinct(2).collect()),
               numbers(1, 4));
  std::vector<int> thirty;
  for (int i = 0; i < 10; ++i) thirty.insert(thirty.end(), {1, 2, 3});
  const auto three = context.parallelize(thirty, 10).distinct(5);
  checks.equal("RDD_097", sorted(three.collect()), numbers(1, 3));
  checks.equal("RDD_097 partitions", three.num_partitions(), 5U);
  checks.equal("distinct of nothing",
               context.parallelize(std::vector<int>{}, 3).distinct().collect(), std::vector<int>{});
  const std::vector<std::string> words{"a", "", "b", "a", "", "a long word of many letters"};
  checks.equal("distinct strings", sorted(context.parallelize(words, 3).distinct().collect()),
               std::vector<std::string>{"", "a", "a long word of many letters", "b"});
}

}  // namespace

void check_keyed(volley::Context& context, Checks& checks) {
  check_grouping(context, checks);
  check_reducing(context, checks);
  check_distinct(context, checks);
}

}  // namespace cluster_test
