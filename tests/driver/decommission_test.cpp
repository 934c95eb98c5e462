// Executors that are leaving: no new tasks, and nobody's fault when they are gone.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

void leave(FakeCluster& c, base::ExecutorId id) {
  c.send(master_address, protocol::ExecutorDecommissioned{id, "the node is drained"});
}

std::size_t stops_sent(const FakeCluster& c, base::ExecutorId id) {
  return c
      .received<protocol::ExecutorStopRequested, protocol::ExecutorMessage>(
          c.executors.at(id).address)
      .size();
}

TEST(Decommission, TSI_013_NoNewTasksAndTheLossCountsForNobody) {
  Options options;
  options.max_failures = 1;
  FakeCluster c(options);
  c.add_executor(1, 1, 1);
  c.add_executor(2, 11, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(6)));
  leave(c, 1);
  leave(c, 1);
  EXPECT_EQ(c.driver.late_messages(), 1U);
  for (int i = 0; i < 3; ++i) {
    for (const auto& [id, task] : c.tasks) {
      if (task.executor != 2) continue;
      c.finish(id);
      break;
    }
    EXPECT_EQ(c.executors.at(1).running, 1U) << "the one that it had";
  }
  c.lose_executor(1, true);
  c.finish_all();
  c.expect_job_succeeded(0, 6);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Decommission, DEC_003_RunningTasksFinishWhileAllExecutorsAreLeaving) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.source(4)));
  leave(c, 1);
  leave(c, 2);
  c.tick(seconds{1});
  EXPECT_EQ(stops_sent(c, 1), 0U);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  c.tick(seconds{1});
  EXPECT_EQ(stops_sent(c, 1), 1U) << "it is idle now";
  c.tick(seconds{1});
  EXPECT_EQ(stops_sent(c, 1), 1U);
}

TEST(Decommission, WhatHasNotBegunThereGoesElsewhere) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.run_time = std::chrono::microseconds(5);
  c.submit(b.job(0, b.source(200)));
  c.finish(c.tasks.begin()->first);
  ASSERT_GT(c.executors.at(1).running, 2U);
  leave(c, 1);
  EXPECT_EQ(c.executors.at(1).running, 1U);
  c.add_executor(2, 11, 1);
  c.finish_all();
  c.expect_job_succeeded(0, 200);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Decommission, TSM_012_NobodyWaitsForASlotThere) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  const auto cached = b.source(2);
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  c.add_executor(2, 11, 2);
  leave(c, 1);
  c.submit(b.job(1, b.map(cached)));
  EXPECT_EQ(c.executors.at(2).running, 2U);
  c.finish_all();
  c.expect_job_succeeded(1, 2);
}

TEST(Decommission, ShuffleDataOfItsNodeIsReadElsewhere) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2)}, 4)));
  c.finish(0);
  c.finish(1);
  leave(c, 1);
  c.add_executor(2, 11, 2);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Decommission, WhoStaysTooLongIsEnded) {
  Options options;
  options.decommission.force_kill = seconds{30};
  FakeCluster c(options);
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  leave(c, 1);
  for (int i = 0; i < 31; ++i) c.tick(seconds{1});
  const auto stops = c.received<protocol::ContainerStopRequested, protocol::NodeManagerMessage>(
      protocol::at_rank(Role::node_manager, 1));
  EXPECT_EQ(stops.size(), 1U);
  c.lose_executor(1);
  c.add_executor(2, 1, 1);
  c.finish_all();
  c.expect_job_succeeded(0, 1);
}

TEST(Decommission, TSM_010_OnlyLossesThroughTheApplicationAreFailures) {
  Options options;
  options.max_failures = 1;
  for (const bool caused : {false, true}) {
    FakeCluster c(options);
    c.add_executor(1, 1, 1);
    LineageBuilder b;
    c.submit(b.job(0, b.source(1)));
    c.lose_executor(1, caused);
    EXPECT_EQ(c.job_end(0).has_value(), caused);
  }
}

}  // namespace
}  // namespace volley::driver::testing
