// sort_by_key: order, stability, numbers of partitions, their balance.

#include "check.hpp"

#include <limits>

namespace cluster_test {
namespace {

using IntPairs = std::vector<std::pair<int, int>>;

/// n pairs with the keys 0 to n - 1, mixed, and their keys as values.
IntPairs mixed(int n) {
  IntPairs pairs;
  for (int i = 0; i < n; ++i) {
    const int key = static_cast<int>((static_cast<std::int64_t>(i) * 7919 + 13) % n);
    pairs.emplace_back(key, key);
  }
  return pairs;
}

void check_orders(volley::Context& context, Checks& checks) {
  const auto small = context.parallelize(IntPairs{{1, 0}, {2, 0}, {0, 0}, {3, 0}}, 2);
  const volley::Rdd<std::pair<int, int>> any = small;
  checks.equal("SORT_001", any.sort_by_key().collect(), IntPairs{{0, 0}, {1, 0}, {2, 0}, {3, 0}});
  const IntPairs pairs = mixed(1009);
  const volley::Rdd<std::pair<int, int>> many = context.parallelize(pairs, 6);
  const IntPairs up = sorted(pairs);
  const IntPairs down(up.rbegin(), up.rend());
  for (const std::uint32_t n : {1U, 2U, 20U}) {
    const auto label = std::to_string(n) + " partitions";
    const auto ascending = many.sort_by_key(true, n);
    checks.equal("SORT_003 " + label, ascending.num_partitions(), n);
    checks.equal("SORT_003 order in " + label, ascending.collect(), up);
    checks.equal("SORT_004 " + label, many.sort_by_key(false, n).collect(), down);
  }
  const volley::Rdd<std::pair<int, int>> ten = context.parallelize(mixed(10), 3);
  checks.equal("SORT_005", ten.sort_by_key(true, 30).collect(), sorted(mixed(10)));
  const volley::Rdd<std::pair<int, int>> none = context.parallelize(IntPairs{}, 2);
  checks.equal("SORT_006", none.sort_by_key().collect(), IntPairs{});
  const volley::Rdd<std::pair<int, int>> mutable_pairs =
      context.parallelize(IntPairs{{1, 11}, {3, 33}, {100, 100}, {2, 22}}, 2);
  checks.equal("SORT_014", mutable_pairs.sort_by_key().collect(),
               IntPairs{{1, 11}, {2, 22}, {3, 33}, {100, 100}});
}

void check_balance(volley::Context& context, Checks& checks) {
  const volley::Rdd<std::pair<int, int>> thousand = context.parallelize(mixed(1000), 4);
  const auto parts = glom(thousand.sort_by_key(true, 4));
  checks.equal("SORT_007 partitions", parts.size(), 4U);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    checks.holds("SORT_007 balance", parts[i].size() > 100 && parts[i].size() < 400);
    if (i > 0) checks.holds("SORT_007 order", parts[i - 1].back() < parts[i].front());
  }
  const volley::Rdd<std::pair<int, int>> three =
      context.parallelize(IntPairs{{1, 0}, {2, 0}, {3, 0}, {1, 1}, {2, 1}, {3, 1}}, 3);
  checks.equal("PART_010", three.sort_by_key(true, 22).num_partitions(), 3U);

  // Partition i holds 20 i^3 values: the ranges come out even all the same.
  const auto skewed =
      context.parallelize(numbers(0, 7), 8).flat_map<std::pair<int, int>>([](int i, auto&& emit) {
        for (int j = 0; j < 20 * i * i * i; ++j) {
          emit(std::pair{static_cast<int>((static_cast<std::int64_t>(j) * 6007 + i) % 5000), i});
        }
      });
  for (const std::uint32_t n : {2U, 4U, 8U}) {
    const auto sizes = partition_sizes(skewed.sort_by_key(true, n));
    checks.holds("PART_008 in " + std::to_string(n) + " partitions",
                 sizes.size() == n && *std::max_element(sizes.begin(), sizes.end()) <
                                          3 * *std::min_element(sizes.begin(), sizes.end()));
  }
}

/// NaN is the largest number and one key.
void check_nan(volley::Context& context, Checks& checks) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::pair<double, int>> records;
  for (int i = 0; i < 600; ++i) {
    const double number = i % 6 == 1 ? -0.0 : i % 6 - 1;
    records.emplace_back(i % 3 == 2 ? (i % 2 == 0 ? nan : -nan) : number, i);
  }
  const volley::Rdd<std::pair<double, int>> rdd = context.parallelize(records, 7);
  auto expected = records;
  std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) {
    return volley::ascending(a.first, b.first);
  });
  const auto values = [](const auto& sorted_records) {
    std::vector<int> all;
    for (const auto& record : sorted_records) all.push_back(record.second);
    return all;
  };
  checks.equal("sort with NaN", values(rdd.sort_by_key(true, 4).collect()), values(expected));
  std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) {
    return volley::descending(a.first, b.first);
  });
  checks.equal("sort with NaN, descending", values(rdd.sort_by_key(false, 4).collect()),
               values(expected));
  checks.equal("distinct with NaN", rdd.keys().distinct(3).count(), 5);
  std::vector<int> sizes;
  for (const auto& group : rdd.group_by_key(3).collect()) {
    sizes.push_back(static_cast<int>(group.second.size()));
  }
  checks.equal("groups with NaN", sorted(sizes), std::vector{100, 100, 100, 100, 200});
  const auto joined = rdd.join(rdd.filter([](const auto& record) { return record.second < 6; }), 3);
  checks.equal("join with NaN", joined.count(), 4 * 100 + 2 * 200);
  const auto top = rdd.keys().top(201);
  const auto nans = std::count_if(top.begin(), top.end(), [](double key) { return key != key; });
  checks.equal("top with NaN", std::pair(nans, top.back()), std::pair(200L, 3.0));
}

}  // namespace

void check_sorting(volley::Context& context, Checks& checks) {
  check_orders(context, checks);
  check_balance(context, checks);
  check_nan(context, checks);

  // Equal keys stay in the order of the input, in both directions.
  const auto repeated = context.range(0, 2000, 1, 9).map([](std::int64_t x) {
    return std::pair{static_cast<int>(x % 5), x};
  });
  for (const bool ascending : {true, false}) {
    std::vector<std::pair<int, std::int64_t>> expected;
    for (int i = 0; i < 5; ++i) {
      for (std::int64_t x = ascending ? i : 4 - i; x < 2000; x += 5) {
        expected.emplace_back(ascending ? i : 4 - i, x);
      }
    }
    const auto rdd = repeated.sort_by_key(ascending, 8);
    checks.equal("stable sort", rdd.collect(), expected);
    checks.holds("few distinct keys give few partitions", rdd.num_partitions() <= 5);
  }
  std::vector<std::pair<std::string, int>> words;
  for (int i = 0; i < 300; ++i) {
    words.emplace_back(std::string(static_cast<std::size_t>(i % 40), 'x') + std::to_string(i), i);
  }
  const volley::Rdd<std::pair<std::string, int>> texts = context.parallelize(words, 5);
  checks.equal("strings", texts.sort_by_key(true, 4).collect(), sorted(words));
  auto reversed = sorted(words);
  std::reverse(reversed.begin(), reversed.end());
  checks.equal("strings, descending", texts.sort_by_key(false, 4).collect(), reversed);
}

}  // namespace cluster_test
