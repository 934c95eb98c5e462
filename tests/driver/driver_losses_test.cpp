// Executors that never come, ranks that go with their shuffle data, drivers that stood still.

#include "fake_cluster.hpp"
#include "lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

TEST(DriverLosses, AnExecutorThatNeverRegistersIsStopped) {
  FakeCluster c;
  const base::ContainerId container{{1, 1}, 1, 9};
  c.send(master_address, protocol::ExecutorLaunched{8, container, {3}});
  for (int i = 0; i < 13; ++i) c.tick(seconds{10});
  const auto stops = c.received<protocol::ContainerStopRequested, protocol::NodeManagerMessage>(
      protocol::at_rank(Role::node_manager, 3));
  ASSERT_EQ(stops.size(), 1U);
  EXPECT_EQ(stops[0].container, container);
  // It comes after all: it is told to go.
  c.add_executor(8, 3, 1);
  c.tick(seconds{10});
  EXPECT_EQ(c.driver.summary().lost_executors.size(), 1U);
}

TEST(DriverLosses, AnExecutorThatRegistersIsNotExpectedAnyMore) {
  FakeCluster c;
  c.send(master_address, protocol::ExecutorLaunched{1, {{1, 1}, 1, 2}, {1}});
  c.add_executor(1, 1, 1);
  for (int i = 0; i < 30; ++i) c.tick(seconds{10});
  EXPECT_TRUE(c.driver.summary().lost_executors.empty());
}

TEST(DriverLosses, ADriverThatStoodStillDoesNotAccuseItsExecutors) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  c.tick(seconds{1});
  c.silent.insert(1);  // its heartbeats are still on their way
  c.tick(seconds{600});
  EXPECT_TRUE(c.driver.summary().lost_executors.empty());
}

TEST(DriverLosses, DAG_013_ALostRankTakesItsMapOutputsWithIt) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4)}, 4)));
  for (base::TaskId id = 0; id < 4; ++id) c.finish(id);
  ASSERT_FALSE(c.running_of(1).empty());
  c.lose_executor(2, false);
  for (base::ShuffleNumber s = 0; s < b.shuffles(); ++s) c.wipe(s, 11);
  c.send(master_address, protocol::RankDataLost{11, "rank 11 was lost"});
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_TRUE(c.driver.idle());
  const auto lost =
      c.received<protocol::HolderLost, protocol::ExecutorMessage>(c.executors.at(1).address);
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].rank, 11);
  EXPECT_GT(c.launched, 8U) << "maps of the lost rank ran again";
}

TEST(DriverLosses, DAG_020_LateFetchFailuresOfAnOldAttemptStartNothing) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2)}, 4)));
  c.finish(0);
  c.finish(1);
  const auto reduces = c.running_of(1);
  ASSERT_EQ(reduces.size(), 4U);
  for (const base::TaskId id : reduces) c.fail_fetch(id);  // four at once are one loss
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_EQ(c.launched, 2U + 4U + 2U + 4U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverLosses, TSI_005_ASetThatLostItsInputLaunchesNothingMore) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 10)));
  c.finish(0);
  const auto first = c.running_of(1);
  ASSERT_EQ(first.size(), 1U);
  c.fail_fetch(first[0]);
  EXPECT_TRUE(c.running_of(1).empty()) << "the slot is free, but the set is over";
  c.finish_all();
  c.expect_job_succeeded(0, 10);
}

}  // namespace
}  // namespace volley::driver::testing
