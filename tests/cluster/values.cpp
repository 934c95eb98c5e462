// Keys made from values, sets of values, samples of them.

#include "check.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <unordered_set>

namespace cluster_test {
namespace {

using Ints = std::vector<int>;
using Texts = std::vector<std::string>;

void check_keys(volley::Context& context, Checks& checks) {
  const auto nums = context.parallelize({1, 2, 3, 4}, 2);
  using Keyed = std::vector<std::pair<std::string, int>>;
  checks.equal("RDD_007 key_by", nums.key_by([](int x) { return std::to_string(x); }).collect(),
               Keyed{{"1", 1}, {"2", 2}, {"3", 3}, {"4", 4}});
  const auto large = [](int x) { return x >= 3 ? std::optional(std::to_string(x)) : std::nullopt; };
  checks.equal("RDD_007 collect with a partial function", nums.collect(large).collect(),
               Texts{"3", "4"});
  checks.equal("RDD_006 glom", nums.glom().collect(), std::vector<Ints>{{1, 2}, {3, 4}});
  checks.equal("RDD_006 glom of empty partitions",
               context.parallelize({7}, 3)
                   .glom()
                   .map([](const Ints& all) { return static_cast<int>(all.size()); })
                   .collect(),
               Ints{0, 0, 1});
  // Keys that view text which is gone when the next record comes.
  const auto texts = nums.map([](int x) { return std::string(30, 'a') + std::to_string(x % 2); });
  const auto groups =
      texts.group_by([](const std::string& text) { return std::string_view(text).substr(29); }, 3)
          .map_values([](const Texts& all) { return static_cast<int>(all.size()); });
  checks.equal("group_by with keys that are views", sorted(groups.collect()),
               std::vector<std::pair<std::string, int>>{{"a0", 2}, {"a1", 2}});

  const Texts rows{"5|50|A", "4|60|C", "6|40|B"};
  const auto by = [&](std::size_t field) {
    const auto pick = [field](const std::string& row) {
      return row.substr(field == 2 ? 5 : 2 * field, field == 1 ? 2 : 1);
    };
    return context.parallelize(rows, 2).sort_by(pick).collect();
  };
  checks.equal("RDD_068 field 0", by(0), Texts{rows[1], rows[0], rows[2]});
  checks.equal("RDD_068 field 1", by(1), Texts{rows[2], rows[0], rows[1]});
  checks.equal("RDD_068 field 2", by(2), Texts{rows[0], rows[2], rows[1]});
  checks.equal("sort_by, descending",
               context.parallelize({3, 1, 2}, 2).sort_by([](int x) { return x; }, false).collect(),
               Ints{3, 2, 1});
}

struct Person {
  std::string first;
  std::string last;
  int age = 0;
  bool operator==(const Person&) const = default;
};
struct ByAge {
  int age = 0;
  bool operator==(const ByAge&) const = default;
  bool operator<(const ByAge& other) const { return age < other.age; }
};
struct ByName {
  std::string last;
  std::string first;
  auto operator<=>(const ByName&) const = default;
};

void check_orders(volley::Context& context, Checks& checks) {
  const std::vector<Person> people{{"Bob", "Smith", 50},
                                   {"Jane", "Smith", 40},
                                   {"Thomas", "Williams", 30},
                                   {"Karen", "Williams", 60}};
  const volley::Rdd<Person> rdd = context.parallelize(people, 2);
  const auto firsts = [](const std::vector<Person>& all) {
    Texts names;
    for (const Person& one : all) names.push_back(one.first);
    return names;
  };
  checks.equal("RDD_070 by age",
               firsts(rdd.sort_by([](const Person& p) { return ByAge{p.age}; }, true, 2).collect()),
               Texts{"Thomas", "Jane", "Bob", "Karen"});
  checks.equal("RDD_070 by name",
               firsts(rdd.sort_by(
                             [](const Person& p) {
                               return ByName{p.last, p.first};
                             },
                             true, 2)
                          .collect()),
               Texts{"Bob", "Jane", "Karen", "Thomas"});
  // Very many ranges of keys that have nothing but an order.
  std::vector<std::pair<ByAge, int>> aged;
  for (int i = 0; i < 2000; ++i) aged.push_back({ByAge{i * 7919 % 2000}, i * 7919 % 2000});
  const volley::Rdd<std::pair<ByAge, int>> keyed = context.parallelize(aged, 4);
  checks.equal("PART_004", keyed.sort_by_key(true, 1500).values().collect(), numbers(0, 1999));
}

void check_sets(volley::Context& context, Checks& checks) {
  const auto all = context.parallelize(numbers(1, 10), 2);
  const auto even = context.parallelize({2, 4, 6, 8, 10}, 2);
  checks.equal("RDD_078", sorted(all.intersection(even).collect()), Ints{2, 4, 6, 8, 10});
  checks.equal("RDD_078 the other way", sorted(even.intersection(all).collect()),
               Ints{2, 4, 6, 8, 10});
  const auto a = context.parallelize({1, 2, 3, 3}, 2);
  const auto b = context.parallelize({1, 1, 2, 3}, 2);
  checks.equal("RDD_079", sorted(a.intersection(b).collect()), Ints{1, 2, 3});
  checks.equal("RDD_079 the other way", sorted(b.intersection(a).collect()), Ints{1, 2, 3});
  checks.equal("intersection in 3 partitions", a.intersection(b, 3).num_partitions(), 3U);
  checks.equal("subtract keeps duplicates",
               sorted(context.parallelize({1, 1, 2, 5, 5, 5}, 3).subtract(a).collect()),
               Ints{5, 5, 5});
  using Pairs = std::vector<std::pair<int, std::string>>;
  const volley::Rdd<std::pair<int, std::string>> left =
      context.parallelize(Pairs{{1, "a"}, {2, "b"}, {3, "c"}}, 2);
  const volley::Rdd<std::pair<int, std::string>> right =
      context.parallelize(Pairs{{2, "b"}, {3, "cc"}, {4, "d"}}, 2);
  const auto rest = left.partition_by(5).subtract(right);
  checks.equal("PAIR_031", sorted(rest.collect()), Pairs{{1, "a"}, {3, "c"}});
  checks.holds("PAIR_031 partitioner", !rest.partitioner());
  checks.equal("PAIR_031 partitions", rest.num_partitions(), 5U);

  // What has a partitioner has equal records in one partition.
  const auto placed = context.parallelize(numbers(1, 20), 4)
                          .map([](int x) {
                            return std::pair{x % 5, x % 2};
                          })
                          .partition_by(3);
  const auto once = placed.distinct();
  checks.equal("distinct in place", once.count(), 10);
  checks.equal("distinct in place, dependencies", shuffles(once), std::vector<bool>{false});
  checks.holds("distinct in place keeps the partitioner",
               once.partitioner() == placed.partitioner());
  checks.equal("distinct into other partitions", placed.distinct(4).count(), 10);
}

void check_splits(volley::Context& context, Checks& checks) {
  const auto all = context.parallelize(numbers(1, 2000), 7);
  const auto drawn = all.sample(false, 0.2, 5);
  checks.equal("sample is reproducible", drawn.collect(), all.sample(false, 0.2, 5).collect());
  checks.holds("sample depends on the seed",
               drawn.collect() != all.sample(false, 0.2, 6).collect());
  const auto size = drawn.count();
  checks.holds("size of a sample", size > 300 && size < 500);
  const auto repeated = all.sample(true, 2.0, 5).collect();
  checks.holds("size of a sample with replacement",
               repeated.size() > 3600 && repeated.size() < 4400);
  checks.holds("records come more than once",
               std::adjacent_find(repeated.begin(), repeated.end()) != repeated.end());
  checks.equal("all of them", all.sample(false, 1.0).count(), 2000);
  checks.equal("none of them", all.sample(true, 0.0).count(), 0);

  const auto parts = all.random_split({1, 2, 3}, 11);
  Ints together;
  for (const auto& part : parts) {
    const auto records = part.collect();
    checks.holds("a part has its share", records.size() > 200 && records.size() < 1200);
    together.insert(together.end(), records.begin(), records.end());
  }
  checks.equal("random_split covers and does not overlap", sorted(together), numbers(1, 2000));
  using volley::InvalidArgument;
  checks.throws<InvalidArgument>("RDD_064 weight", "Weights must be nonnegative", [&] {
    all.random_split({1, -1});
  });
  checks.throws<InvalidArgument>("RDD_064 sum", "Sum of weights must be positive", [&] {
    all.random_split({0, 0});
  });
  checks.throws<InvalidArgument>("RDD_064 fraction", "Fraction must be nonnegative",
                                 [&] { all.sample(false, -0.1); });
  const auto keyed = all.map([](int x) { return std::pair{x, x}; }).partition_by(4);
  for (const bool replacement : {false, true}) {
    const auto sampled = keyed.sample(replacement, 1.0);
    checks.holds("RDD_059", sampled.partitioner() == keyed.partitioner());
    checks.equal("RDD_059 dependencies", shuffles(sampled.reduce_by_key(std::plus<>{}, 4)),
                 std::vector<bool>{false});
  }
}

void check_draws(volley::Context& context, Checks& checks) {
  const auto million = context.range(0, 1000000, 1, 2);
  for (const std::int64_t count : {5, 20, 100}) {
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
      const auto drawn = million.take_sample(false, count, seed);
      const std::set<std::int64_t> different(drawn.begin(), drawn.end());
      checks.equal("RDD_060 size", static_cast<std::int64_t>(different.size()), count);
      checks.holds("RDD_060 range", *different.begin() >= 0 && *different.rbegin() < 1000000);
    }
    checks.equal("RDD_060 default seed", million.take_sample(false, count).size(),
                 static_cast<std::size_t>(count));
    checks.equal("RDD_060 with replacement", million.take_sample(true, count).size(),
                 static_cast<std::size_t>(count));
  }
  const auto ten = context.parallelize(numbers(1, 10), 3);
  checks.equal("more than there are", sorted(ten.take_sample(false, 20, 1)), numbers(1, 10));
  checks.equal("more than there are, with replacement", ten.take_sample(true, 20, 1).size(), 20U);
  checks.equal("RDD_062", context.empty_rdd<int>().take_sample(false, 20), Ints{});
  checks.throws<volley::InvalidArgument>("RDD_062 negative",
                                         "Negative number of elements requested",
                                         [&] { ten.take_sample(true, -1); });
}

/// Sizes of samples stay within five standard deviations.
void check_strata(volley::Context& context, Checks& checks) {
  for (const int n : {100, 1000, 100000}) {
    const auto keyed = context.parallelize(numbers(0, n - 1), 3).map([n](int x) {
      return std::pair{std::string(x < n / 5 ? "one" : "two"), x};
    });
    for (const double rate : {0.01, 0.1, 0.5}) {
      const std::map<std::string, double> fractions{{"one", rate}, {"two", rate / 2}};
      for (const bool replacement : {false, true}) {
        auto found = keyed.sample_by_key(replacement, fractions, 4).count_by_key();
        const auto within = [&](const std::string& key, double records, double fraction) {
          const double variance = records * fraction * (replacement ? 1 : 1 - fraction);
          const double away = static_cast<double>(found[key]) - records * fraction;
          checks.holds("PAIR_006", std::abs(away) <= 5 * std::sqrt(variance) + 1);
        };
        within("one", n / 5, rate);
        within("two", n - n / 5, rate / 2);
      }
      const auto distinct = keyed.sample_by_key(false, fractions, 2).values().collect();
      checks.equal("PAIR_006 no record twice",
                   std::unordered_set<int>(distinct.begin(), distinct.end()).size(),
                   distinct.size());
    }
  }
}

}  // namespace

void check_values(volley::Context& context, Checks& checks) {
  check_keys(context, checks);
  check_orders(context, checks);
  check_sets(context, checks);
  check_splits(context, checks);
  check_draws(context, checks);
  check_strata(context, checks);
}

}  // namespace cluster_test
