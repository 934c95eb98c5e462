#include "driver/placement.hpp"

#include <gtest/gtest.h>

#include <map>

namespace volley::driver {
namespace {

const RankNodes nodes{{1, 0}, {2, 0}, {11, 1}};

std::vector<PlacementTask> one_task_each(base::ShuffleNumber shuffle, std::uint32_t partitions) {
  std::vector<PlacementTask> tasks;
  for (std::uint32_t p = 0; p < partitions; ++p) tasks.push_back({p, {{shuffle, p}}});
  return tasks;
}

TEST(PlanRound, BalancesBytesByTheSlotsOfRanks) {
  ShuffleTracker shuffles;
  shuffles.add(0, 1, 7);
  shuffles.set_sizes(0, {10, 90, 20, 30, 60, 40, 50});
  const auto round = plan_round(one_task_each(0, 7), shuffles, nodes, {{1, 0, 1}, {11, 1, 2}});
  std::map<base::Rank, std::uint64_t> bytes;
  for (const Move& move : round.moves) bytes[move.to] += shuffles.bytes(move.read);
  EXPECT_EQ(round.moves.size(), 7U);
  EXPECT_EQ(bytes[1] + bytes[11], 300U);
  EXPECT_NEAR(static_cast<double>(bytes[11]), 200, 30);
}

TEST(PlanRound, SpreadsEmptyPartitionsByNumber) {
  ShuffleTracker shuffles;
  shuffles.add(0, 1, 8);
  shuffles.set_sizes(0, std::vector<std::uint64_t>(8, 0));
  const auto round = plan_round(one_task_each(0, 8), shuffles, nodes, {{1, 0, 1}, {11, 1, 1}});
  std::map<base::Rank, int> count;
  for (const Move& move : round.moves) ++count[move.to];
  EXPECT_EQ(count[1], 4);
}

TEST(PlanRound, FollowsWhatIsPlacedOnALiveNode) {
  ShuffleTracker shuffles;
  shuffles.add(0, 1, 1);
  shuffles.add(1, 1, 1);
  shuffles.set_sizes(1, {1000});
  shuffles.add_holder({0, 0}, 11);
  const std::vector<PlacementTask> tasks{{0, {{0, 0}, {1, 0}}}};
  const auto round = plan_round(tasks, shuffles, nodes, {{1, 0, 8}, {11, 1, 1}});
  ASSERT_EQ(round.moves.size(), 1U);
  EXPECT_EQ(round.moves[0].read, (ShuffleRead{1, 0}));
  EXPECT_EQ(round.moves[0].to, 11);
  const auto elsewhere = plan_round(tasks, shuffles, nodes, {{1, 0, 8}});
  EXPECT_EQ(elsewhere.moves.size(), 2U) << "the holder's node has no executor";
}

TEST(PlanRound, NeedsNoMoveForWhatTheNodeHolds) {
  ShuffleTracker shuffles;
  shuffles.add(0, 1, 1);
  shuffles.add_holder({0, 0}, 2);
  const auto round = plan_round(one_task_each(0, 1), shuffles, nodes, {{1, 0, 1}});
  EXPECT_TRUE(round.moves.empty());
  ASSERT_EQ(round.placed.size(), 1U);
  EXPECT_EQ(round.placed[0].node, 0U);
}

TEST(PlanRound, AvoidsNodesUnlessThereIsNoOther) {
  ShuffleTracker shuffles;
  shuffles.add(0, 1, 3);
  shuffles.set_sizes(0, {1});
  shuffles.add_holder({0, 0}, 1);
  const auto first_node = std::make_shared<const std::vector<std::uint32_t>>(1, 0U);
  const std::vector<PlacementTask> task{{0, {{0, 0}}, first_node}};
  const auto round = plan_round(task, shuffles, nodes, {{1, 0, 1}, {11, 1, 1}});
  ASSERT_EQ(round.moves.size(), 1U);
  EXPECT_EQ(round.moves[0].to, 11);
  const auto alone = plan_round(task, shuffles, nodes, {{1, 0, 1}});
  ASSERT_EQ(alone.placed.size(), 1U);
  EXPECT_EQ(alone.placed[0].node, 0U);
}

TEST(PlanRound, WaitsWithoutLiveRanks) {
  ShuffleTracker shuffles;
  shuffles.add(0, 1, 3);
  const auto round = plan_round(one_task_each(0, 3), shuffles, nodes, {});
  EXPECT_TRUE(round.moves.empty());
  EXPECT_EQ(round.waiting.size(), 3U);
}

TEST(MeasureSkew, ComparesTheLargestWithTheMedian) {
  const Skew skew = measure_skew({10, 20, 100, 20, 5});
  EXPECT_EQ(skew.partition, 2U);
  EXPECT_EQ(skew.median, 20U);
  EXPECT_DOUBLE_EQ(skew.factor, 5);
  EXPECT_DOUBLE_EQ(measure_skew({0, 0}).factor, 1);
  EXPECT_DOUBLE_EQ(measure_skew({}).factor, 1);
}

}  // namespace
}  // namespace volley::driver
