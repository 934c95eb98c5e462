// Approximate actions: their estimates, and what they know when.

#include "program/estimates.hpp"
#include "tests/api/single_stage.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

namespace volley::test {
namespace {

using namespace std::chrono_literals;
using program::Coverage;
constexpr double infinity = std::numeric_limits<double>::infinity();

Statistics statistics_of(std::int64_t count) {
  Statistics seen;
  for (std::int64_t i = 0; i < count; ++i) seen.add(static_cast<double>(i % 10));
  return seen;
}

TEST(Estimates, AreExactOnceAllPartitionsAreThere) {
  EXPECT_EQ(program::estimate_count({4, 4}, 10, 0.95), (BoundedDouble{10, 1, 10, 10}));
  EXPECT_EQ(program::estimate_mean({2, 2}, statistics_of(10), 0.9),
            (BoundedDouble{4.5, 1, 4.5, 4.5}));
  EXPECT_EQ(program::estimate_sum({2, 2}, statistics_of(10), 0.9), (BoundedDouble{45, 1, 45, 45}));
  EXPECT_EQ(program::estimate_count({0, 0}, 0, 0.95), (BoundedDouble{0, 1, 0, 0}));
}

TEST(Estimates, KnowNothingBeforeTheFirstRecord) {
  EXPECT_EQ(program::estimate_count({0, 10}, 0, 0.95), (BoundedDouble{0, 0, 0, infinity}));
  EXPECT_EQ(program::estimate_count({3, 10}, 0, 0.95), (BoundedDouble{0, 0, 0, infinity}));
  EXPECT_EQ(program::estimate_mean({1, 10}, {}, 0.95), (BoundedDouble{0, 0, -infinity, infinity}));
  EXPECT_EQ(program::estimate_sum({1, 10}, {}, 0.95), (BoundedDouble{0, 0, -infinity, infinity}));
  const auto one = program::estimate_mean({1, 10}, statistics_of(1), 0.95);
  EXPECT_EQ(one.low, -infinity);
  EXPECT_EQ(one.high, infinity);
}

TEST(Estimates, LieAroundTheProportionalValue) {
  for (const std::int64_t counted : {std::int64_t{100}, std::int64_t{1000000}}) {
    const auto count = program::estimate_count({2, 10}, counted, 0.95);
    EXPECT_NEAR(count.mean, 5.0 * static_cast<double>(counted), 1e-6 * count.mean);
    EXPECT_LT(count.low, count.mean);
    EXPECT_GT(count.high, count.mean);
    EXPECT_GE(count.low, static_cast<double>(counted)) << "those are there in any case";
    const auto surer = program::estimate_count({2, 10}, counted, 0.99);
    EXPECT_LT(surer.low, count.low);
    EXPECT_GT(surer.high, count.high);
    EXPECT_EQ(program::estimate_count({2, 10}, counted, 1).high, infinity);
  }
  const auto sum = program::estimate_sum({5, 10}, statistics_of(200), 0.95);
  EXPECT_NEAR(sum.mean, 2 * 900, 1e-6);
  EXPECT_LT(sum.low, sum.mean);
  EXPECT_NEAR(sum.mean - sum.low, sum.high - sum.mean, 1e-6);
  // 4.5 with a standard deviation of 2.88 from 50 values: Student's t for 49 is 2.0096.
  const auto mean = program::estimate_mean({5, 10}, statistics_of(50), 0.95);
  EXPECT_NEAR(mean.high - mean.mean, 2.0096 * 2.9014 / std::sqrt(50.0), 1e-3);
}

TEST(PartialResults, DAG_042_ApproximateActionsOfNothingComplete) {
  SingleStage stage;
  auto nothing = stage.context().empty_rdd<int>();
  auto count = nothing.count_approx(1s);
  EXPECT_TRUE(count.is_initial_value_final());
  EXPECT_EQ(count.initial_value(), (BoundedDouble{0, 1, 0, 0}));
  EXPECT_TRUE(nothing.count_by_value_approx(1s).final_value().empty());
  EXPECT_EQ(nothing.sum_approx(1s).final_value().mean, 0);
  EXPECT_TRUE(stage.context().active_jobs().empty());
}

TEST(PartialResults, AreTheExactOnesInTheEnd) {
  SingleStage stage;
  const auto numbers = stage.context().range(0, 1000, 1, 10);
  EXPECT_EQ(numbers.count_approx(0ms).final_value().mean, 1000);
  EXPECT_EQ(numbers.sum_approx(1h, 0.5).initial_value().mean, 499500);
  EXPECT_EQ(numbers.mean_approx(1h).initial_value().mean, 499.5);
  const auto digits = numbers.map([](std::int64_t x) { return std::pair{x % 10, x}; });
  const auto counts = digits.count_by_key_approx(1h).final_value();
  ASSERT_EQ(counts.size(), 10U);
  EXPECT_EQ(counts.at(3), (BoundedDouble{100, 1, 100, 100}));
  EXPECT_THROW(numbers.count_approx(1s, 1.5), InvalidArgument);
}

TEST(PartialResults, AFailedJobThrows) {
  SingleStage stage;
  const auto bad = stage.context().range(0, 10, 1, 2).map([](std::int64_t x) {
    if (x == 7) throw std::runtime_error("seven");
    return x;
  });
  EXPECT_THROW(bad.count_approx(1h), std::runtime_error);
}

}  // namespace
}  // namespace volley::test
