// Barrier stages: all tasks start together or not at all, and fail together.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

TEST(Gangs, TasksWithLeastChoiceGoFirst) {
  const std::vector<FreeWorker> free{{{1, 0}, 0, 1}, {{2, 0}, 1, 2}};
  const std::vector<GangTask> tasks{{0, std::nullopt, {}}, {1, 0, {}}, {2, std::nullopt, {{2, 0}}}};
  const auto plan = plan_gang(tasks, free);
  ASSERT_TRUE(plan.has_value());
  std::map<std::uint32_t, base::ExecutorId> where;
  for (const auto& [index, worker] : *plan) where[index] = worker.executor;
  EXPECT_EQ(where, (std::map<std::uint32_t, base::ExecutorId>{{0, 2}, {1, 1}, {2, 2}}));
  EXPECT_FALSE(plan_gang({{0, 0, {}}, {1, 0, {}}}, free)) << "one slot on node 0";
}

TEST(DriverBarrier, AllTasksStartTogether) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  EXPECT_EQ(c.tasks.size(), 1U);
  c.submit(b.job(1, b.barrier(b.source(4))));
  EXPECT_EQ(c.tasks.size(), 1U) << "three slots are free, four are needed";
  c.finish(0);
  EXPECT_EQ(c.tasks.size(), 4U);
  c.finish_all();
  c.expect_job_succeeded(1, 4);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverBarrier, BAR_007_OneFailedTaskEndsAllOfItsAttempt) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.barrier(b.source(4))));
  c.finish(1, TaskOutcome::exception, "bad record");
  EXPECT_EQ(c.tasks.size(), 3U);
  for (const auto& [id, task] : c.tasks) EXPECT_TRUE(task.kill_requested);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_EQ(c.launched, 8U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverBarrier, BAR_020_ANewAttemptOfAMapStageRunsAllTasks) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.barrier(b.source(4))}, 2)));
  c.finish(0);
  c.finish(1);
  c.finish(2, TaskOutcome::exception, "bad record");
  c.finish(3);
  c.tick(seconds{1});
  EXPECT_EQ(c.running_of(0).size(), 4U) << "those that had succeeded, too";
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverBarrier, BAR_020_AFetchFailureRunsAllTasksOfABarrierStageAgain) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.barrier(b.shuffle({b.source(2)}, 3))));
  c.finish(0);
  c.finish(1);
  const auto reduces = c.running_of(1);
  ASSERT_EQ(reduces.size(), 3U);
  c.fail_fetch(reduces[0]);
  for (const base::TaskId id : c.running_of(1)) EXPECT_TRUE(c.tasks.at(id).kill_requested);
  c.finish_all();
  c.expect_job_succeeded(0, 3);
  EXPECT_EQ(c.launched, 2U + 3U + 2U + 3U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverBarrier, BAR_021_FailuresOfOneAttemptMakeOneNewAttempt) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.barrier(b.source(4))));
  c.finish(1, TaskOutcome::exception, "bad record");
  c.finish(2, TaskOutcome::exception, "bad record");
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  ASSERT_EQ(c.driver.summary().stages.size(), 1U);
  EXPECT_EQ(c.driver.summary().stages[0].stage_attempts, 2U);
}

TEST(DriverBarrier, AResultStageThatDeliveredSomethingCannotStartAnew) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.barrier(b.source(4))));
  c.finish(0);
  c.finish(1, TaskOutcome::exception, "bad record");
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_EQ(c.job_end(0)->error,
            "Job aborted due to stage failure: Could not recover from a failed barrier "
            "ResultStage. Most recent failure reason: bad record");
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverBarrier, ABarrierStageThatAlwaysFailsEndsItsJob) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.barrier(b.source(2))));
  for (int i = 0; i < 50 && !c.job_end(0); ++i) {
    if (!c.tasks.empty()) c.finish(c.tasks.begin()->first, TaskOutcome::exception, "bad record");
    c.tick(seconds{1});
  }
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("failed the maximum allowable number of times: 4"),
            std::string::npos);
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverBarrier, ARefusedTaskEndsItsJobAtOnce) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.barrier(b.source(3))));
  ASSERT_EQ(c.tasks.size(), 3U);
  c.finish(c.tasks.begin()->first, TaskOutcome::refused, "not on this cluster");
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("failed 1 times"), std::string::npos);
  EXPECT_NE(c.job_end(0)->error.find("not on this cluster"), std::string::npos);
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverBarrier, BAR_011_PruningBeforeAShuffleIsFine) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  const auto pruned = b.coalesce(b.source(4), {{1}, {2}});
  c.submit(b.job(0, b.barrier(b.shuffle({pruned}, 3))));
  c.finish_all();
  c.expect_job_succeeded(0, 3);
}

std::string refusal(const protocol::JobSubmitted& job, Options options = {}) {
  FakeCluster c(std::move(options));
  c.add_executor(1, 1, 8);
  c.submit(job);
  EXPECT_TRUE(c.tasks.empty());
  EXPECT_TRUE(c.driver.idle());
  const auto end = c.job_end(job.job);
  return end ? end->error : "";
}

TEST(DriverBarrier, BAR_012_ChainsThatChangeTheNumberOfTasksAreRefused) {
  LineageBuilder b;
  const auto barrier = b.barrier(b.source(4));
  auto first = b.job(0, barrier);
  first.partitions = {0};
  EXPECT_NE(refusal(first).find("[SPARK-24820]"), std::string::npos);
  const auto united = b.job(0, b.unite({barrier, b.source(2)}));
  EXPECT_NE(refusal(united).find("different number of partitions"), std::string::npos);
  const auto two = b.job(0, b.join({barrier, b.barrier(b.source(4))}));
  EXPECT_NE(refusal(two).find("multiple barrier RDDs"), std::string::npos);
}

TEST(DriverBarrier, BAR_015_NotWhileExecutorsAreAllocatedDynamically) {
  LineageBuilder b;
  Options options;
  options.allocation.enabled = true;
  EXPECT_NE(refusal(b.job(0, b.barrier(b.source(4))), options)
                .find("[SPARK-24942]: Barrier execution mode does not support dynamic resource "
                      "allocation for now"),
            std::string::npos);
}

TEST(DriverBarrier, BAR_016_TooFewSlotsAreWaitedForAndThenSaid) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.barrier(b.source(5))));
  for (int i = 0; i < 39; ++i) c.tick(seconds{15});
  EXPECT_FALSE(c.job_end(0).has_value());
  c.tick(seconds{15});
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find(
                "[SPARK-24819]: Barrier execution mode does not allow run a barrier stage that "
                "requires more slots than the total number of slots in the cluster currently"),
            std::string::npos);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverBarrier, BAR_016_ExecutorsThatComeInTimeLetItRun) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.barrier(b.source(5))));
  c.submit(b.job(1, b.barrier(b.source(6))));
  c.tick(seconds{15});
  c.send(program_address, protocol::JobCancelRequested{1, "not any more"});
  EXPECT_EQ(c.job_end(1)->error, "Job 1 cancelled not any more");
  c.add_executor(2, 11, 1);
  c.tick(seconds{15});
  EXPECT_EQ(c.tasks.size(), 5U);
  c.finish_all();
  c.expect_job_succeeded(0, 5);
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
