// The pure decisions of the measurements: pairs in rounds, victims, tuning, ticks.
#include "bench/axis.hpp"
#include "bench/congest.hpp"
#include "bench/kernels/pairs.hpp"
#include "bench/tuning.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace volley::bench {
namespace {

using exchange::Algorithm;
using exchange::AlgorithmTable;
using exchange::Choice;

TEST(PairRounds, EveryPairMeetsOnceAndNobodyTwiceInARound) {
  for (const bool concurrent : {false, true}) {
    for (int ranks = 1; ranks <= 9; ++ranks) {
      std::set<std::pair<int, int>> met;
      for (const auto& round : pair_rounds(ranks, concurrent)) {
        std::set<int> busy;
        for (const auto& [low, high] : round) {
          EXPECT_LT(low, high);
          EXPECT_LT(high, ranks);
          EXPECT_TRUE(busy.insert(low).second && busy.insert(high).second);
          EXPECT_TRUE(met.emplace(low, high).second);
        }
        EXPECT_TRUE(concurrent || round.size() == 1);
      }
      EXPECT_EQ(met.size(), static_cast<std::size_t>(ranks * (ranks - 1) / 2));
    }
  }
  EXPECT_EQ(pair_rounds(8, true).size(), 7U);
}

TEST(Victims, AreAsManyAsAskedAndSpreadWithTheFirstRank) {
  for (std::uint32_t ranks = 4; ranks <= 20; ++ranks) {
    for (std::uint32_t victims = 2; victims + 2 <= ranks; ++victims) {
      std::uint32_t count = 0;
      for (std::uint32_t rank = 0; rank < ranks; ++rank) {
        count += is_victim(rank, ranks, victims) ? 1U : 0U;
      }
      EXPECT_EQ(count, victims);
      EXPECT_TRUE(is_victim(0, ranks, victims));
      const int first = first_aggressor(ranks, victims);
      EXPECT_FALSE(is_victim(static_cast<std::uint32_t>(first), ranks, victims));
    }
  }
  EXPECT_FALSE(is_victim(1, 4, 2));
  EXPECT_TRUE(is_victim(2, 4, 2));
}

TEST(Tuning, NodesAreWorthATryOnlyWithSeveral) {
  const auto uses = [](const std::vector<Choice>& choices, Algorithm algorithm) {
    return std::any_of(choices.begin(), choices.end(),
                       [&](const Choice& choice) { return choice.algorithm == algorithm; });
  };
  EXPECT_FALSE(uses(tuning_candidates(64, 1), Algorithm::node));
  EXPECT_TRUE(uses(tuning_candidates(64, 2), Algorithm::node));
  EXPECT_TRUE(uses(tuning_candidates(64, 1), Algorithm::bruck));
  EXPECT_FALSE(uses(tuning_candidates(1 << 20, 2), Algorithm::bruck));
}

TEST(Tuning, TakesTheBestAndJoinsSizes) {
  const Choice pairwise{Algorithm::pairwise};
  const Choice library{Algorithm::library};
  const Choice bruck{Algorithm::bruck};
  const std::vector<TuningResult> results = {
      {1, pairwise, 3.0}, {1, library, 2.0}, {1, bruck, 1.0},    {2, pairwise, 3.0},
      {2, library, 2.0},  {2, bruck, 1.0},   {4, pairwise, 1.0}, {4, library, 0.99},
      {8, pairwise, 1.0}, {8, library, 0.9},
  };
  const std::vector<AlgorithmTable::Row> rows = {
      {6, 2, 2, bruck}, {6, 2, 4, pairwise}, {6, 2, 8, library}};
  EXPECT_EQ(best_rows(results, 6, 2), rows);
}

TEST(Axis, TicksAreLabelledAndWithinTheRange) {
  const auto sizes = size_ticks(1, 4 << 20, 14);
  EXPECT_EQ(sizes.size(), 23U);
  EXPECT_EQ(sizes.front().label, "1 B");
  EXPECT_LE(
      std::count_if(sizes.begin(), sizes.end(), [](const Tick& t) { return !t.label.empty(); }),
      14);
  for (const Tick& tick : bandwidth_ticks(3e6, 4e9)) {
    EXPECT_GE(tick.value, 3e6);
    EXPECT_LE(tick.value, 4e9);
  }
  EXPECT_EQ(size_label(1536), "1536 B");
  EXPECT_EQ(size_label(4 << 20), "4 MiB");
  EXPECT_EQ(bandwidth_label(1.25e9), "1.25 GB/s");
  EXPECT_EQ(bandwidth_label(1e9), "1 GB/s");
}

TEST(Axis, PlacesByLogarithm) {
  const LogAxis axis(1, 16, 100, 500);
  EXPECT_DOUBLE_EQ(axis.place(1), 100);
  EXPECT_DOUBLE_EQ(axis.place(4), 300);
  EXPECT_DOUBLE_EQ(axis.place(16), 500);
}

}  // namespace
}  // namespace volley::bench
