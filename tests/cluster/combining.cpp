// combine_by_key and its kin, counts and maps of keys, lookup.

#include "check.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

namespace cluster_test {
namespace {

using Ints = std::vector<int>;
using IntPairs = std::vector<std::pair<int, int>>;
using IntRdd = volley::Rdd<std::pair<int, int>>;

void check_combining(volley::Context& context, Checks& checks) {
  const IntRdd pairs = context.parallelize(IntPairs{{1, 1}, {1, 1}, {3, 2}, {5, 1}, {5, 3}}, 2);
  using Sets = std::vector<std::pair<int, std::set<int>>>;
  const auto add = [](std::set<int>& set, int value) { set.insert(value); };
  const auto merge = [](std::set<int>& set, const std::set<int>& other) {
    set.insert(other.begin(), other.end());
  };
  const auto sets = pairs.aggregate_by_key(std::set<int>{}, add, merge);
  checks.equal("PAIR_001", sorted(sets.collect()), Sets{{1, {1}}, {3, {2}}, {5, {1, 3}}});
  const IntRdd twice = context.parallelize(IntPairs{{1, 1}, {1, 2}, {1, 3}, {1, 1}, {2, 1}}, 3);
  checks.equal("PAIR_034", sorted(twice.fold_by_key(0, std::plus<>{}).collect()),
               IntPairs{{1, 7}, {2, 1}});
  for (const std::uint32_t n : {1U, 2U, 5U}) {
    const auto counted = context.parallelize(numbers(0, 19), n).map([](int x) {
      return std::pair{x % 2, x};
    });
    using Counts = std::map<int, int>;
    const auto count = [](Counts counts, int x) {
      ++counts[x % 4];
      return counts;
    };
    const auto join = [](Counts a, const Counts& b) {
      for (const auto& [key, value] : b) a[key] += value;
      return a;
    };
    const std::vector<std::pair<int, Counts>> expected{{0, {{0, 5}, {2, 5}}},
                                                       {1, {{1, 5}, {3, 5}}}};
    checks.equal("PAIR_042 aggregate_by_key",
                 sorted(counted.aggregate_by_key(Counts{}, count, join, 2).collect()), expected);
    const auto lists = counted.map_values([](int x) { return Ints{x}; });
    const auto append = [](Ints& all, const Ints& more) {
      all.insert(all.end(), more.begin(), more.end());
    };
    auto folded = lists.fold_by_key(Ints{}, append, 2).collect_as_map();
    checks.equal("PAIR_042 fold_by_key", sorted(folded[1]),
                 Ints{1, 3, 5, 7, 9, 11, 13, 15, 17, 19});
  }
  auto buffers = twice.map_values([](int x) { return Ints{x}; }).cache();
  const auto before = buffers.collect();
  const auto append = [](Ints& all, const Ints& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  const std::vector<std::pair<int, Ints>> expected{{1, {1, 2, 3, 1}}, {2, {1}}};
  checks.equal("PAIR_035", sorted(buffers.fold_by_key(Ints{}, append).collect()), expected);
  checks.equal("PAIR_035 again", sorted(buffers.fold_by_key(Ints{}, append).collect()), expected);
  checks.equal("PAIR_035 source", buffers.collect(), before);
}

/// Texts with their number and length; views of words become owned.
void check_texts(volley::Context& context, Checks& checks) {
  const auto words = context.parallelize(std::vector<std::string>{"a bb a", "bb ccc", "a"}, 2)
                         .flat_map<std::string_view>([](const std::string& line, auto&& emit) {
                           volley::for_each_word(line, emit);
                         })
                         .map([](std::string_view word) {
                           return std::pair{word, word};
                         });
  using Average = std::pair<int, std::string>;
  const auto create = [](std::string_view word) { return Average(1, std::string(word)); };
  const auto merge = [](const Average& so_far, const std::string& word) {
    return Average(so_far.first + 1, so_far.second + word);
  };
  const auto combine = [](const Average& x, const Average& y) {
    return Average(x.first + y.first, x.second + y.second);
  };
  const std::vector<std::pair<std::string, Average>> expected{
      {"a", {3, "aaa"}}, {"bb", {2, "bbbb"}}, {"ccc", {1, "ccc"}}};
  checks.equal("combine_by_key", sorted(words.combine_by_key(create, merge, combine).collect()),
               expected);
  const auto placed = words.partition_by(3);
  const auto still = placed.combine_by_key(create, merge, combine);
  checks.equal("combine_by_key in place", sorted(still.collect()), expected);
  checks.equal("combine_by_key in place, dependencies", shuffles(still), std::vector<bool>{false});
  const int minimum = 1;
  const auto bound = words.combine_by_key(
      volley::bind(
          [](const std::string& lead, std::string_view word) { return lead + std::string(word); },
          std::string("<")),
      [minimum](std::string text, std::string_view word) {
        return static_cast<int>(word.size()) > minimum ? text + std::string(word) : text;
      },
      std::plus<>{}, 1);
  checks.equal("combine_by_key with captures", bound.count(), 3);
}

void check_counting(volley::Context& context, Checks& checks) {
  const IntRdd pairs = context.parallelize(IntPairs{{5, 1}, {1, 2}, {5, 3}, {1, 2}, {5, 5}}, 3);
  checks.equal("PAIR_044", pairs.count_by_key(), volley::KeyMap<int, std::int64_t>{{1, 2}, {5, 3}});
  checks.equal("PAIR_044 count_by_value", pairs.count_by_value(),
               volley::KeyMap<std::pair<int, int>, std::int64_t>{
                   {{1, 2}, 2}, {{5, 1}, 1}, {{5, 3}, 1}, {{5, 5}, 1}});
  checks.equal("PAIR_008 collect_as_map", pairs.collect_as_map(),
               volley::KeyMap<int, int>{{1, 2}, {5, 5}});
  checks.equal("reduce_by_key_locally", pairs.reduce_by_key_locally(std::plus<>{}),
               volley::KeyMap<int, int>{{1, 4}, {5, 9}});
  const auto texts = context.parallelize({"b", "a", "b"}, 2);
  checks.equal("count_by_value of texts", texts.count_by_value(),
               volley::KeyMap<std::string, std::int64_t>{{"a", 1}, {"b", 2}});

  const auto values = context.parallelize(numbers(1, 100), 4)
                          .flat_map<std::pair<int, int>>([](int key, auto&& emit) {
                            for (int i = 0; i < 3 * key; ++i) emit(std::pair{key, i % key});
                          });
  bool near = true;
  for (const auto& [key, count] : values.count_approx_distinct_by_key(0.01).collect()) {
    near = near && std::abs(static_cast<double>(count) - key) <= 0.01 * key;
  }
  checks.holds("PAIR_010", near);
  const auto many = context.range(0, 200000, 1, 5).map([](std::int64_t x) { return x % 50000; });
  for (const double deviation : {0.1, 0.05, 0.01}) {
    const auto found = static_cast<double>(many.count_approx_distinct(deviation));
    checks.holds("count_approx_distinct", std::abs(found - 50000) < 4 * deviation * 50000);
  }
  checks.equal("few different ones are counted", pairs.count_approx_distinct(), 4);
  checks.throws<volley::InvalidArgument>("accuracy", "must be greater than 0.000017",
                                         [&] { pairs.count_approx_distinct(0.00001); });
}

void check_lookups(volley::Context& context, Checks& checks) {
  const IntRdd pairs = context.parallelize(IntPairs{{1, 2}, {3, 4}, {5, 6}, {5, 7}}, 2);
  const auto all = [&](const std::string& name, const auto& rdd) {
    checks.equal(name, rdd.lookup(1), Ints{2});
    checks.equal(name, rdd.lookup(5), Ints{6, 7});
    checks.equal(name, rdd.lookup(-1), Ints{});
  };
  all("PAIR_036", pairs);
  all("PAIR_037", pairs.partition_by(2));
  // Other partitions than the key's would fail.
  const auto only_one = pairs.partition_by(2).map_partitions(
      [](auto& records) {
        IntPairs found;
        records.for_each([&](const auto& record) {
          if (record.first % 2 == 0) throw std::runtime_error("another partition was read");
          found.push_back(record);
        });
        return found;
      },
      true);
  checks.equal("PAIR_037 reads one partition", only_one.lookup(5), Ints{6, 7});
  const auto odd_only =
      pairs.map([](const auto& record) {
             return std::pair{record.first - 1, record.second};
           })
          .partition_by(2)
          .filter([](const auto& record) {
            if (record.first == 4) throw std::runtime_error("read");
            return true;
          });
  checks.equal("PAIR_037 another partition is not read", odd_only.lookup(7), Ints{});
  const auto bad = volley::partitioner<int>(2, [](int key) { return key < 0 ? key : key % 2; });
  const auto placed = pairs.partition_by(bad);
  checks.equal("PAIR_038", placed.lookup(1), Ints{2});
  checks.throws<volley::InvalidArgument>("PAIR_038 nowhere", "into partition -1 of 2",
                                         [&] { placed.lookup(-1); });
  const volley::Rdd<std::pair<std::string, int>> texts =
      context.parallelize(std::vector<std::pair<std::string, int>>{{"a", 1}, {"b", 2}}, 2);
  checks.equal("lookup of a text", texts.lookup("b"), Ints{2});
}

void check_values_of_keys(volley::Context& context, Checks& checks) {
  const IntRdd pairs = context.parallelize(IntPairs{{1, 2}, {3, 1}}, 2);
  const auto placed = pairs.partition_by(3);
  const auto spread = placed.flat_map_values([](int n) { return numbers(1, n); });
  checks.equal("flat_map_values", sorted(spread.collect()), IntPairs{{1, 1}, {1, 2}, {3, 1}});
  checks.holds("PART_014 flat_map_values", spread.partitioner() == placed.partitioner());
  const auto emitted = placed.flat_map_values<std::string>([](int n, auto&& emit) {
    for (int i = 0; i < n; ++i) emit("x");
  });
  checks.equal("flat_map_values with an emitter", emitted.count(), 3);
  const auto plus_one = [](int v) { return v + 1; };
  checks.holds("PART_014 map_values",
               placed.map_values(plus_one).partitioner() == placed.partitioner());
  checks.holds("PART_014 filter", placed.filter([](const auto&) { return true; }).partitioner() ==
                                      placed.partitioner());
  checks.holds("PART_014 map",
               !placed.map([](const auto& record) { return record; }).partitioner());
  const auto same = [](auto& records) { return std::vector(records.begin(), records.end()); };
  checks.holds("map_partitions", !placed.map_partitions(same).partitioner());
  checks.holds("map_partitions that preserves",
               placed.map_partitions(same, true).partitioner() == placed.partitioner());
  const auto hash = [](std::uint32_t n) { return volley::hash_partitioner(n); };
  const auto grouped = pairs.group_by_key(2);
  checks.holds("PART_012", grouped.partitioner() == hash(2) &&
                               pairs.reduce_by_key(std::plus<>{}, 4).partitioner() == hash(4) &&
                               grouped.group_by_key().partitioner() == hash(2) &&
                               grouped.group_by_key(3).partitioner() == hash(3));
  checks.holds("keys and values forget the partitioner",
               !placed.keys().partitioner() && !placed.values().partitioner() &&
                   !placed.glom().partitioner() && !placed.coalesce(1).partitioner());
}

}  // namespace

void check_keyed_folds(volley::Context& context, Checks& checks) {
  check_combining(context, checks);
  check_texts(context, checks);
  check_counting(context, checks);
  check_lookups(context, checks);
  check_values_of_keys(context, checks);
}

}  // namespace cluster_test
