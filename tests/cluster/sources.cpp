// parallelize and range: slices, element types, limits.

#include "check.hpp"

#include <cstdint>
#include <limits>
#include <list>
#include <numeric>

namespace cluster_test {
namespace {

std::vector<std::size_t> slice_sizes(std::size_t length, std::size_t n) {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < n; ++i) sizes.push_back((i + 1) * length / n - i * length / n);
  return sizes;
}

void check_slices(volley::Context& context, Checks& checks) {
  checks.equal("SLICE_002", glom(context.parallelize({1, 2, 3}, 1)),
               std::vector<std::vector<int>>{{1, 2, 3}});
  checks.equal("SLICE_005", glom(context.parallelize(numbers(0, 99), 3)),
               std::vector{numbers(0, 32), numbers(33, 65), numbers(66, 99)});
  checks.equal("SLICE_006", glom(context.parallelize(numbers(0, 100), 3)),
               std::vector{numbers(0, 32), numbers(33, 66), numbers(67, 100)});
  const auto seven = numbers(1, 7);
  const std::vector<std::size_t> sizes = slice_sizes(7, 4);
  checks.equal("SLICE_009 vector", partition_sizes(context.parallelize(seven, 4)), sizes);
  checks.equal("SLICE_009 list",
               partition_sizes(context.parallelize(std::list<int>(seven.begin(), seven.end()), 4)),
               sizes);
  checks.equal("SLICE_009 range", partition_sizes(context.range(1, 8, 1, 4)), sizes);
  for (const int length : {0, 1, 5, 99, 100}) {
    for (const std::uint32_t n : {1U, 2U, 7U, 100U}) {
      const auto values = numbers(1, length);
      const auto rdd = context.parallelize(values, n);
      const auto label = "SLICE_011 " + std::to_string(length) + " in " + std::to_string(n);
      checks.equal(label + " sizes", partition_sizes(rdd),
                   slice_sizes(static_cast<std::size_t>(length), n));
      checks.equal(label, rdd.collect(), values);
    }
  }
}

void check_ranges(volley::Context& context, Checks& checks) {
  // First, last and number of values of every slice; nothing is materialised.
  using Extent = std::vector<std::int64_t>;
  auto slices = context.range(0, 100'000'000, 1, 40)
                    .map_partitions([](auto& values) {
                      Extent extent{-1, -1, 0};
                      values.for_each([&](std::int64_t value) {
                        if (extent[2]++ == 0) extent[0] = value;
                        extent[1] = value;
                      });
                      return std::vector<Extent>{extent};
                    })
                    .collect();
  std::vector<Extent> expected;
  for (std::int64_t i = 0; i < 40; ++i) {
    expected.push_back({i * 2'500'000, (i + 1) * 2'500'000 - 1, 2'500'000});
  }
  checks.equal("SLICE_010", slices, expected);

  for (const std::int64_t step : {-5, -3, -1, 1, 2, 5}) {
    const std::int64_t start = step > 0 ? -7 : 93;
    const std::int64_t end = step > 0 ? 93 : -7;
    std::vector<std::int64_t> values;
    for (std::int64_t v = start; step > 0 ? v < end : v > end; v += step) values.push_back(v);
    const auto rdd = context.range(start, end, step, 6);
    checks.equal("SLICE_012 step " + std::to_string(step), rdd.collect(), values);
    checks.equal("SLICE_012 sizes of step " + std::to_string(step), partition_sizes(rdd),
                 slice_sizes(values.size(), 6));
  }
  checks.equal("range: nothing between", context.range(5, 5, 1, 3).collect(),
               std::vector<std::int64_t>{});
  checks.equal("range: wrong direction", context.range(5, 0, 1, 3).count(), 0);
  checks.throws<volley::InvalidArgument>("range: step 0", "step cannot be 0",
                                         [&] { context.range(0, 5, 0); });
  constexpr auto low = std::numeric_limits<std::int64_t>::min();
  constexpr auto high = std::numeric_limits<std::int64_t>::max();
  checks.equal("range: the whole of int64", context.range(low, high, high, 2).collect(),
               std::vector<std::int64_t>{low, -1, high - 1});
}

}  // namespace

void check_sources(volley::Context& context, Checks& checks) {
  const auto nums = context.parallelize({1, 2, 3, 4}, 2);
  checks.equal("RDD_001 partitions", nums.num_partitions(), 2U);
  checks.equal("RDD_001 collect", nums.collect(), std::vector{1, 2, 3, 4});
  checks.equal("RDD_006 glom", glom(nums), std::vector<std::vector<int>>{{1, 2}, {3, 4}});
  check_slices(context, checks);
  check_ranges(context, checks);
  checks.equal("default parallelism", context.parallelize({1}).num_partitions(),
               context.default_parallelism());
  checks.equal("parallelize: views become strings",
               context.parallelize(std::vector<std::string_view>{"a", ""}, 3).collect(),
               std::vector<std::string>{"a", ""});
  checks.equal("parallelize: literals become strings",
               context.parallelize({"short", "a text of more than sixteen bytes"}, 2).collect(),
               std::vector<std::string>{"short", "a text of more than sixteen bytes"});
  checks.equal("parallelize: booleans", context.parallelize({true, false, true}, 2).collect(),
               std::vector<bool>{true, false, true});
  checks.equal("1000 partitions of 10 records", context.parallelize(numbers(1, 10), 1000).collect(),
               numbers(1, 10));
}

}  // namespace cluster_test
