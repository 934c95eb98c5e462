// fold, aggregate and their trees, statistics, histograms, the largest and the least, and reading
// partition by partition.

#include "check.hpp"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>

namespace cluster_test {
namespace {

using Ints = std::vector<int>;
using Counts = std::vector<std::int64_t>;
using volley::InvalidArgument;
using volley::UnsupportedOperation;

void check_folds(volley::Context& context, Checks& checks) {
  using Entry = std::pair<std::string, int>;
  using Totals = std::map<std::string, int>;
  const volley::Rdd<Entry> entries =
      context.parallelize(std::vector<Entry>{{"a", 1}, {"b", 2}, {"a", 2}, {"c", 5}, {"a", 3}}, 3);
  const auto add = [](Totals& totals, const Entry& entry) { totals[entry.first] += entry.second; };
  const auto merge = [](Totals& totals, const Totals& more) {
    for (const auto& [key, value] : more) totals[key] += value;
  };
  checks.equal("RDD_024", entries.aggregate(Totals{}, add, merge),
               Totals{{"a", 6}, {"b", 2}, {"c", 5}});
  const auto four = context.parallelize({1, 2, 3, 4}, 3);
  checks.equal("fold", four.fold(0, std::plus<>{}), 10);
  checks.equal("fold counts its zero for each partition and once more",
               four.fold(100, std::plus<>{}), 410);
  checks.equal("fold of nothing", context.empty_rdd<int>().fold(7, std::plus<>{}), 7);
  const std::string bar = "|";
  const auto bars = [bar_of = bar.front()](const std::string& a, const std::string& b) {
    return a + bar_of + b;
  };
  checks.equal("fold is in partition order", context.parallelize({"a", "b", "c"}, 2).fold("", bars),
               std::string("||a||b|c"));

  const auto thousand = context.parallelize(numbers(-1000, 999), 10);
  using Sum = std::vector<long>;
  const auto add_to = [](Sum& sum, int x) { sum[0] += x; };
  const auto merge_sums = [](Sum& sum, const Sum& other) { sum[0] += other[0]; };
  for (const int depth : numbers(1, 9)) {
    const auto label = " in depth " + std::to_string(depth);
    checks.equal("RDD_026" + label, thousand.tree_aggregate(Sum{0}, add_to, merge_sums, depth),
                 Sum{-1000});
    checks.equal("RDD_027" + label,
                 thousand.tree_aggregate(Sum{0}, add_to, merge_sums, depth, true), Sum{-1000});
    checks.equal("RDD_028" + label, thousand.tree_reduce(std::plus<>{}, depth), -1000);
  }
  checks.throws<InvalidArgument>("RDD_028 depth 0", "Depth must be greater than or equal to 1",
                                 [&] { thousand.tree_reduce(std::plus<>{}, 0); });
  checks.throws<UnsupportedOperation>("tree_reduce of nothing", "empty collection", [&] {
    context.parallelize(Ints{}, 5).tree_reduce(std::plus<>{});
  });
  checks.equal("tree_aggregate of nothing",
               context.empty_rdd<int>().tree_aggregate(Sum{5}, add_to, merge_sums), Sum{5});
}

void check_extremes(volley::Context& context, Checks& checks) {
  const auto ten = context.parallelize({7, 1, 9, 4, 10, 2, 3, 8, 5, 6}, 4);
  checks.equal("RDD_056 take_ordered", ten.take_ordered(5), numbers(1, 5));
  checks.equal("RDD_056 limit 0", ten.take_ordered(0), Ints{});
  checks.equal("RDD_056 the other way", ten.take_ordered(5, std::greater<>{}),
               Ints{10, 9, 8, 7, 6});
  checks.equal("RDD_057 no partitions", context.empty_rdd<int>().take_ordered(5), Ints{});
  checks.equal("RDD_057 no elements", context.parallelize(Ints{}, 3).take_ordered(5), Ints{});
  checks.holds("RDD_058 no partitions", context.empty_rdd<int>().is_empty());
  checks.equal("max", ten.max(), 10);
  checks.equal("min", ten.min(), 1);
  const int middle = 5;
  const auto nearer = [middle](int a, int b) {
    return std::abs(a - middle) < std::abs(b - middle);
  };
  checks.equal("min in an order of the program", ten.min(nearer), 5);
  checks.equal("max in an order of the program", ten.max(nearer), 10);
  for (const auto& none :
       {context.empty_rdd<int>(), volley::Rdd<int>(context.parallelize(Ints{}, 2))}) {
    checks.throws<UnsupportedOperation>("max of nothing", "empty collection", [&] { none.max(); });
    checks.throws<UnsupportedOperation>("min of nothing", "empty collection", [&] { none.min(); });
  }
  Ints read;
  for (const int x : context.parallelize(numbers(1, 4), 2).to_local_iterator()) read.push_back(x);
  checks.equal("RDD_001 to_local_iterator", read, numbers(1, 4));
  // The second partition fails, and is not computed before its records are reached.
  const auto late = context.parallelize(numbers(1, 4), 2).map([](int x) {
    if (x > 2) throw std::runtime_error("too far");
    return x;
  });
  auto records = late.to_local_iterator();
  auto at = records.begin();
  int sum = *at;
  ++at;
  sum += *at;
  checks.equal("to_local_iterator is lazy", sum, 3);
  checks.throws<volley::JobFailed>("to_local_iterator fails late", "too far", [&] { ++at; });
  const auto path = checks.path("foreach_partition");
  ten.filter([](int x) { return x > 100; })
      .foreach_partition(volley::bind(
          [](const std::string& prefix, auto& all) {
            const auto count = std::distance(all.begin(), all.end());
            std::ofstream(prefix + std::to_string(getpid()), std::ios::app) << count << '\n';
          },
          path));
  std::size_t lines = 0;
  for (const auto& file : std::filesystem::directory_iterator(checks.path(""))) {
    std::ifstream in(file.path());
    if (file.path().string().find("foreach_partition") == std::string::npos) continue;
    for (std::string line; std::getline(in, line);) ++lines;
  }
  checks.equal("foreach_partition visits empty ones", lines, 4U);
}

void check_statistics(volley::Context& context, Checks& checks) {
  const auto numbers_left =
      context.parallelize({-1.0, -1.0, -1.0, -1.0, 2.0, 4.0, -1.0, -1.0}, 8).filter([](double x) {
        return x >= 0;
      });
  const auto stats = numbers_left.stats();
  const auto near = [&](const std::string& name, double found, double expected) {
    checks.holds("PART_016 " + name, std::abs(found - expected) < 1e-9);
  };
  near("sum", stats.sum(), 6);
  near("sum by itself", numbers_left.sum(), 6);
  near("mean", numbers_left.mean(), 3);
  near("variance", numbers_left.variance(), 1);
  near("stdev", numbers_left.stdev(), 1);
  near("pop_variance", numbers_left.pop_variance(), 1);
  near("sample_variance", numbers_left.sample_variance(), 2);
  near("sample_stdev", numbers_left.sample_stdev(), std::sqrt(2.0));
  near("max", stats.max(), 4);
  near("min", stats.min(), 2);
  const auto none = context.parallelize(std::vector<double>{}, 3);
  checks.equal("sum of nothing", none.sum(), 0.0);
  checks.holds("mean of nothing", std::isnan(none.mean()));
}

using Doubles = std::vector<double>;

void check_borders(volley::Context& context, Checks& checks) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const auto count = [&](const Doubles& data, const Doubles& borders) {
    return context.parallelize(data, 3).histogram(borders);
  };
  checks.equal("DBL_003", count({10.01, -0.01}, {0, 10}), Counts{0});
  checks.equal("DBL_004", count({1, 2, 3, 4}, {0, 10}), Counts{4});
  checks.equal("DBL_004 exact", count({1, 2, 3, 4}, {1, 4}), Counts{4});
  checks.equal("DBL_005", count({10.01, -0.01}, {0, 5, 10}), Counts{0, 0});
  checks.equal("DBL_005 uneven", count({10.01, -0.01}, {0, 4, 10}), Counts{0, 0});
  checks.equal("DBL_006", count({1, 2, 3, 5, 6}, {0, 5, 10}), Counts{3, 2});
  checks.equal("DBL_006 NaN", count({1, 2, 3, 5, 6, nan}, {0, 5, 10}), Counts{3, 2});
  checks.equal(
      "DBL_006 even",
      context.parallelize(Doubles{1, 2, 3, 5, 6, nan}, 2).histogram({0.0, 5.0, 10.0}, true),
      Counts{3, 2});
  checks.equal("DBL_007", count({1, 2, 3, 5, 6}, {0, 5, 11}), Counts{3, 2});
  checks.equal("DBL_008", count({-0.01, 0, 1, 2, 3, 5, 6, 11, 11.01}, {0, 5, 11}), Counts{4, 3});
  Doubles data{-0.01, 0, 1, 2, 3, 5, 6, 11.01, 12, 199, 200, 200.1, nan};
  checks.equal("DBL_010", count(data, {0, 5, 11, 12, 200, nan}), Counts{4, 2, 1, 2, 3});
  data.push_back(inf);
  data.push_back(-inf);
  checks.equal("DBL_010 infinities", count(data, {0, 5, 11, 12, 200, nan}), Counts{4, 2, 1, 2, 4});
  checks.equal("DBL_011", count({10.01, -0.01, nan}, {-inf, 0, inf}), Counts{1, 1});
  checks.throws<InvalidArgument>("one border", "at least two elements", [&] { count({1}, {0}); });
}

void check_even_buckets(volley::Context& context, Checks& checks) {
  using Found = std::pair<Doubles, Counts>;
  const auto found = [&](const Doubles& data, int buckets) {
    return context.parallelize(data, 3).histogram(buckets);
  };
  checks.equal("DBL_013", found({1, 2, 3, 4}, 1), Found{{1, 4}, {4}});
  checks.equal("DBL_013 one element", found({1}, 1), Found{{1, 1}, {1}});
  checks.equal("DBL_013 equal elements", found({1, 1, 1, 1}, 1), Found{{1, 1}, {4}});
  checks.equal("DBL_014", found({1, 2, 3, 4}, 2), Found{{1, 2.5, 4}, {2, 2}});
  checks.equal("DBL_015 four", found({1, 1, 1, 2, 3, 3}, 4).second, Counts{3, 0, 1, 2});
  checks.equal("DBL_015 three", found({1, 1, 1, 2, 3, 3}, 3).second, Counts{3, 1, 2});
  Doubles range(94);
  std::iota(range.begin(), range.end(), 6.0);
  const auto [borders, counts] = found(range, 9);
  checks.equal("DBL_018", counts, Counts{11, 10, 10, 11, 10, 10, 11, 10, 11});
  checks.equal("DBL_018 borders", std::pair(borders.front(), borders.back()), std::pair(6.0, 99.0));
  const auto text = "Histogram on either an empty RDD or RDD containing +/-infinity or NaN";
  const double inf = std::numeric_limits<double>::infinity();
  for (const Doubles& bad : {Doubles{1, inf}, Doubles{inf - inf, 1, 2}, Doubles{}, Doubles{-inf}}) {
    checks.throws<UnsupportedOperation>("DBL_020", text, [&] { found(bad, 2); });
  }
}

void check_names(volley::Context& context, Checks& checks) {
  const auto counted = context.parallelize(numbers(1, 4), 3)
                           .map([](int x) {
                             return std::pair{x, 1};
                           })
                           .reduce_by_key(std::plus<>{}, 2);
  checks.equal("name", counted.name(), std::string("reduce_by_key"));
  checks.equal("set_name", counted.set_name("counts").name(), std::string("counts"));
  const auto text = counted.to_debug_string();
  const auto has = [&](const std::string& part) { return text.find(part) != std::string::npos; };
  checks.holds("to_debug_string",
               has("(2) counts [") && has(" +-(3) map [") && has("|  parallelize ["));
  if (!has(" +-(3) map [")) checks.fail("to_debug_string", text);
}

}  // namespace

void check_folding(volley::Context& context, Checks& checks) {
  check_folds(context, checks);
  check_extremes(context, checks);
  check_statistics(context, checks);
  check_borders(context, checks);
  check_even_buckets(context, checks);
  check_names(context, checks);
}

}  // namespace cluster_test
