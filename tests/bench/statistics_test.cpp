#include "bench/statistics.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace volley::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<double> up_to(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 1.0);
  std::shuffle(values.begin(), values.end(), std::mt19937_64(1));
  return values;
}

TEST(Statistics, NothingAndOne) {
  EXPECT_EQ(summarize({}).count, 0U);
  const Summary one = summarize(std::vector<double>{7});
  EXPECT_EQ(one.median, 7);
  EXPECT_EQ(one.p99, 7);
  EXPECT_EQ(one.median_low, 7);
  EXPECT_EQ(one.median_high, 7);
}

TEST(Statistics, MedianAndPercentilesOfAHundred) {
  const Summary summary = summarize(up_to(100));
  EXPECT_EQ(summary.count, 100U);
  EXPECT_EQ(summary.least, 1);
  EXPECT_EQ(summary.most, 100);
  EXPECT_EQ(summary.median, 50.5);
  EXPECT_EQ(summary.p90, 90);
  EXPECT_EQ(summary.p99, 99);
  EXPECT_EQ(summary.mean, 50.5);
  // The tables of order statistics say the 40th and the 61st of 100.
  EXPECT_EQ(summary.median_low, 40);
  EXPECT_EQ(summary.median_high, 61);
}

TEST(Statistics, OddCountsHaveAMiddle) {
  EXPECT_EQ(summarize(up_to(5)).median, 3);
  EXPECT_EQ(summarize(up_to(5)).p90, 5);
}

/// Of many samples of a skewed distribution, the interval holds the true median nearly always in
/// the promised share.
TEST(Statistics, IntervalHoldsTheMedianInNineteenOfTwentyCases) {
  std::mt19937_64 random(42);
  std::exponential_distribution<double> distribution(1);
  int held = 0;
  for (int i = 0; i < 1000; ++i) {
    std::vector<double> samples(80);
    for (double& sample : samples) sample = distribution(random);
    const Summary summary = summarize(samples);
    held += summary.median_low <= std::log(2.0) && std::log(2.0) <= summary.median_high ? 1 : 0;
  }
  EXPECT_GE(held, 930);
  EXPECT_LE(held, 990);
}

TEST(Statistics, OutliersAreFarBelowTheOthers) {
  EXPECT_THAT(low_outliers(std::vector<double>{10, 10, 10, 9.9, 5, 10.2, 40}), ElementsAre(4));
  EXPECT_THAT(low_outliers(std::vector<double>{10, 9, 11, 8, 12}), IsEmpty());
  EXPECT_THAT(low_outliers(std::vector<double>{10, 1}), IsEmpty());
  EXPECT_THAT(low_outliers(std::vector<double>{10, 10, 10, 9.8}), IsEmpty());
}

}  // namespace
}  // namespace volley::bench
