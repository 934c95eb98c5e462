// Which records lie in which partition: coalesce, repartition, zip and its kin, partitioners.

#include "check.hpp"

#include <functional>
#include <map>
#include <set>

namespace cluster_test {
namespace {

using Ints = std::vector<int>;
using IntPairs = std::vector<std::pair<int, int>>;
using volley::InvalidArgument;
using volley::JobFailed;

void check_coalescing(volley::Context& context, Checks& checks) {
  const auto ten = context.parallelize(numbers(1, 10), 10);
  using Parts = std::vector<Ints>;
  checks.equal("RDD_037 coalesce(3)", ten.coalesce(3).glom().collect(),
               Parts{{1, 2, 3}, {4, 5, 6}, {7, 8, 9, 10}});
  Parts singles;
  for (const int i : numbers(1, 10)) singles.push_back({i});
  checks.equal("RDD_037 coalesce(10)", ten.coalesce(10).glom().collect(), singles);
  checks.equal("RDD_037 coalesce(20)", ten.coalesce(20).num_partitions(), 10U);
  checks.equal("RDD_037 dependencies", shuffles(ten.coalesce(3)), std::vector<bool>{false});
  const auto one = ten.coalesce(1, true);
  checks.equal("RDD_038 one", sorted(one.collect()), numbers(1, 10));
  checks.equal("RDD_038 dependencies", shuffles(one), std::vector<bool>{true});
  const auto twenty = ten.coalesce(20, true);
  checks.equal("RDD_038 partitions", twenty.num_partitions(), 20U);
  checks.equal("RDD_038 content", sorted(twenty.collect()), numbers(1, 10));
  checks.throws<InvalidArgument>("coalesce(0)", "Number of partitions (0) must be positive.",
                                 [&] { ten.coalesce(0); });

  const auto sizes = partition_sizes(context.parallelize(Ints(1000, 1), 10).repartition(2));
  checks.holds("RDD_034", sizes.size() == 2 && sizes[0] >= 490 && sizes[0] <= 510 &&
                              sizes[0] + sizes[1] == 1000);
  checks.equal("RDD_050",
               sorted(context.parallelize(numbers(0, 9), 1000).repartition(2001).collect()),
               numbers(0, 9));
  const auto texts = ten.map([](int x) { return std::string(20, 'x') + std::to_string(x); });
  checks.equal("repartition of strings", sorted(texts.repartition(3).collect()),
               sorted(texts.collect()));
  checks.equal("repartition is reproducible", texts.repartition(3).glom().collect(),
               texts.repartition(3).glom().collect());
  checks.equal("RDD_049", ten.prune_partitions([](std::uint32_t i) { return i > 8; }).collect(),
               Ints{10});
}

void check_zipping(volley::Context& context, Checks& checks) {
  const auto nums = context.parallelize({1, 2, 3, 4}, 2);
  using Zipped = std::vector<std::vector<std::pair<int, double>>>;
  checks.equal("RDD_045", nums.zip(nums.map([](int x) { return x + 1.0; })).glom().collect(),
               Zipped{{{1, 2.0}, {2, 3.0}}, {{3, 4.0}, {4, 5.0}}});
  checks.throws<InvalidArgument>("zip of unequal partitions",
                                 "Can't zip RDDs with unequal numbers of partitions: List(2, 3)",
                                 [&] {
                                   nums.zip(context.parallelize({1, 2, 3}, 3));
                                 });
  const auto cut = [&](Ints sizes) {
    return context.parallelize(sizes, 2).flat_map([](int n) { return numbers(1, n); });
  };
  checks.throws<JobFailed>("RDD_048",
                           "Can only zip RDDs with same number of elements in each partition", [&] {
                             cut({2, 3}).zip(cut({3, 2})).collect();
                           });

  const auto ten = context.parallelize(numbers(0, 9), 3);
  std::set<std::int64_t> ids;
  bool by_rule = true;
  const auto numbered = ten.zip_with_unique_id().glom().collect();
  for (std::size_t k = 0; k < numbered.size(); ++k) {
    for (std::size_t j = 0; j < numbered[k].size(); ++j) {
      ids.insert(numbered[k][j].second);
      by_rule = by_rule && numbered[k][j].second == static_cast<std::int64_t>(j * 3 + k);
    }
  }
  checks.holds("RDD_081", by_rule && ids.size() == 10);
  const auto indexed = context.parallelize(numbers(0, 99), 7)
                           .filter([](int x) { return x % 3 != 0; })
                           .zip_with_index()
                           .collect();
  bool consecutive = indexed.size() == 66;
  for (std::size_t i = 0; i < indexed.size(); ++i) {
    consecutive = consecutive && indexed[i].second == static_cast<std::int64_t>(i);
  }
  checks.holds("zip_with_index", consecutive);
}

void check_zipped_partitions(volley::Context& context, Checks& checks) {
  const auto nums = context.parallelize({1, 2, 3, 4}, 2);
  const auto ten = context.parallelize(numbers(0, 9), 3);
  const auto sums = [](auto& a, auto& b) {
    Ints both(2);
    a.for_each([&](int x) { both[0] += x; });
    for (const auto& text : b) both[1] += static_cast<int>(text.size());
    return both;
  };
  const auto words = context.parallelize({"a", "bb", "ccc"}, 2);
  checks.equal("zip_partitions", nums.zip_partitions(words, sums).collect(), Ints{3, 1, 7, 5});
  const auto concatenate = [](auto& a, auto& b) {
    Ints all(a.begin(), a.end());
    all.insert(all.end(), b.begin(), b.end());
    return all;
  };
  const auto counts = [](auto& a, auto& b, auto& c) {
    int all = 0;
    const auto count = [&](const auto&) { ++all; };
    a.for_each(count);
    b.for_each(count);
    c.for_each(count);
    return Ints{all};
  };
  checks.equal("zip_partitions of three", nums.zip_partitions(words, nums, counts).collect(),
               Ints{5, 6});
  checks.throws<InvalidArgument>("zip_partitions of unequal partitions", "List(2, 3)",
                                 [&] { nums.zip_partitions(ten, concatenate); });
}

void check_crossing(volley::Context& context, Checks& checks) {
  const auto cross = [&](Ints a, Ints b) {
    return sorted(context.parallelize(a, 2).cartesian(context.parallelize(b, 2)).collect());
  };
  IntPairs nine;
  for (const int a : {1, 2, 3}) {
    for (const int b : {2, 3, 4}) nine.emplace_back(a, b);
  }
  checks.equal("RDD_075", cross({1, 2, 3}, {2, 3, 4}), nine);
  checks.equal("RDD_075 one to the right", cross({1, 2, 3}, {1}), IntPairs{{1, 1}, {2, 1}, {3, 1}});
  checks.equal("RDD_075 one to the left", cross({1}, {1, 2, 3}), IntPairs{{1, 1}, {1, 2}, {1, 3}});
  const auto many = context.parallelize({1}, 50000);
  checks.throws<InvalidArgument>("cartesian of too many partitions", "too many",
                                 [&] { many.cartesian(many); });
}

void check_unions(volley::Context& context, Checks& checks) {
  const auto keyed = [&](int first, int last) {
    return context.parallelize(numbers(first, last), 3)
        .map([](int x) {
          return std::pair{x, x};
        })
        .partition_by(2);
  };
  const volley::Rdd<std::pair<int, int>> a = keyed(1, 4);
  const volley::Rdd<std::pair<int, int>> b = keyed(5, 8);
  const auto both = a.union_with(b);
  checks.equal("RDD_020 partitions", both.num_partitions(), 2U);
  checks.holds("RDD_020 partitioner", both.partitioner() == a.partitioner());
  auto expected = a.glom().collect();
  const auto more = b.glom().collect();
  for (std::size_t i = 0; i < 2; ++i) {
    expected[i].insert(expected[i].end(), more[i].begin(), more[i].end());
  }
  checks.equal("RDD_020", both.glom().collect(), expected);
  const volley::Rdd<std::pair<int, int>> none = context.empty_rdd<std::pair<int, int>>();
  checks.holds("RDD_019", none.union_with(a).partitioner() == a.partitioner());
  checks.equal("RDD_019 content", sorted(none.union_with(a).collect()), sorted(a.collect()));
  checks.equal("RDD_019 nothing", none.union_with(none).collect(), IntPairs{});
}

/// Of a program: even keys to partition 0, odd ones to partition 1.
std::int64_t parity(int key) { return (key % 2 + 2) % 2; }

void check_placing(volley::Context& context, Checks& checks) {
  const auto parts = volley::partitioner<int>(2, &parity);
  checks.holds("equal functions are equal partitioners",
               parts == volley::partitioner<int>(2, &parity));
  const int m = 3;
  const auto modulo = [m](int key) { return key % m; };
  checks.holds("captures tell partitioners",
               volley::partitioner<int>(3, modulo) == volley::partitioner<int>(3, modulo) &&
                   !(volley::partitioner<int>(3, modulo) == parts));
  checks.holds("PART_001", volley::hash_partitioner(4) == volley::hash_partitioner(4) &&
                               !(volley::hash_partitioner(4) == volley::hash_partitioner(2)));
  const IntPairs data{{0, 5}, {3, 8}, {2, 6}, {0, 8}, {3, 8}, {1, 3}};
  const volley::Rdd<std::pair<int, int>> rdd = context.parallelize(data, 2);
  const auto sorted_parts = rdd.repartition_and_sort_within_partitions(parts);
  using Parts = std::vector<IntPairs>;
  checks.equal("RDD_071", sorted_parts.glom().collect(),
               Parts{{{0, 5}, {0, 8}, {2, 6}}, {{1, 3}, {3, 8}, {3, 8}}});
  checks.equal("RDD_072", rdd.repartition_and_sort_within_partitions(parts, false).glom().collect(),
               Parts{{{2, 6}, {0, 5}, {0, 8}}, {{3, 8}, {3, 8}, {1, 3}}});
  const auto reduced = rdd.reduce_by_key(std::plus<>{}, parts);
  const auto again = reduced.repartition_and_sort_within_partitions(parts);
  checks.equal("RDD_073", shuffles(again), std::vector<bool>{false});
  checks.equal("RDD_073 content", again.glom().collect(),
               Parts{{{0, 13}, {2, 6}}, {{1, 3}, {3, 16}}});
  checks.equal("partition_by where the records are", shuffles(reduced.partition_by(parts)),
               std::vector<bool>{false});
  const auto joined = reduced.join(rdd);
  checks.equal("PAIR_009 a partitioner of the program", shuffles(joined),
               std::vector<bool>{false, true});
  checks.equal("PAIR_009 joined", joined.count(), 6);

  // Results of sort_by_key meet each other, and others, by their ranges.
  const auto ranges = rdd.range_partitioner(3);
  const auto placed = rdd.partition_by(ranges);
  checks.equal("join by ranges", shuffles(placed.join(rdd)), std::vector<bool>{false, true});
  checks.equal("join by ranges, content", placed.join(rdd).count(), 10);
  checks.holds("PART_002 equal bounds", ranges == rdd.range_partitioner(3));
  const volley::Rdd<std::pair<int, int>> same = context.parallelize(IntPairs(4, {1, 1}), 2);
  checks.holds("PART_002", same.range_partitioner(2) == same.range_partitioner(4));
  checks.holds("PART_002 direction",
               !(same.range_partitioner(2) == same.range_partitioner(2, false)));
  const auto bad = volley::partitioner<int>(2, [](int key) { return key; });
  checks.throws<JobFailed>("a partitioner outside of its partitions",
                           "the partitioner puts a key into partition",
                           [&] { rdd.partition_by(bad).count(); });
}

void check_ranges(volley::Context& context, Checks& checks) {
  IntPairs mixed;
  for (int i = 0; i < 1000; ++i) mixed.emplace_back(i * 7919 % 1000 + 1, i);
  const volley::Rdd<std::pair<int, int>> rdd = context.parallelize(mixed, 10);
  for (const bool ascending : {true, false}) {
    const auto found = rdd.sort_by_key(ascending).filter_by_range(20, 40);
    checks.equal("SORT_009", sorted(found.keys().collect()), numbers(20, 40));
    checks.holds("SORT_009 prunes", found.num_partitions() <= 2);
  }
  const auto far = rdd.filter_by_range(200, 800);
  checks.equal("SORT_011", sorted(far.keys().collect()), numbers(200, 800));
  checks.equal("SORT_011 reads all", far.num_partitions(), 10U);
  for (const std::uint32_t n : {1U, 2U, 10U, 100U, 500U}) {
    const auto parts = rdd.sort_by_key(true, n).keys().glom().collect();
    bool apart = true;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      apart = apart && !parts[i].empty() && !parts[i - 1].empty() &&
              parts[i - 1].back() < parts[i].front();
    }
    checks.holds("PART_003 in " + std::to_string(n), apart && parts.size() <= n);
  }
}

}  // namespace

void check_layout(volley::Context& context, Checks& checks) {
  check_coalescing(context, checks);
  check_zipping(context, checks);
  check_zipped_partitions(context, checks);
  check_crossing(context, checks);
  check_unions(context, checks);
  check_placing(context, checks);
  check_ranges(context, checks);
}

}  // namespace cluster_test
