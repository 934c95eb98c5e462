// Jobs on a driver whose executors do not fail.

#include "fake_cluster.hpp"
#include "lineage_builder.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace volley::driver::testing {
namespace {

TEST(DriverJobs, TwoStagesMoveTheShuffleToTheTasks) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  const auto counts = b.shuffle({b.map(b.source(6))}, 5);
  c.submit(b.job(0, counts));
  EXPECT_EQ(c.tasks.size(), 4U) << "one task per slot, only maps";
  EXPECT_EQ(c.running_of(0).size(), 4U);
  c.finish_all();
  c.expect_job_succeeded(0, 5);
  EXPECT_EQ(c.launched, 11U);
  EXPECT_TRUE(c.driver.idle());
  const Summary& summary = c.driver.summary();
  ASSERT_EQ(summary.stages.size(), 2U);
  EXPECT_EQ(summary.stages[0].tasks, 6U);
  EXPECT_EQ(summary.tasks_succeeded, 11U);
  for (const auto& [id, executor] : c.executors) EXPECT_TRUE(executor.stages.empty());
}

/// Tiny tasks would mostly wait for the next one: executors get some ahead, evenly.
TEST(DriverJobs, TinyTasksAreLaunchedAhead) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  c.add_executor(2, 11, 1);
  LineageBuilder b;
  c.run_time = std::chrono::milliseconds(1);
  c.submit(b.job(0, b.source(40)));
  EXPECT_EQ(c.tasks.size(), 2U) << "nothing is known yet";
  c.finish(c.tasks.begin()->first);
  EXPECT_EQ(c.tasks.size(), 10U) << "one that runs and four ahead on each";
  for (const auto& [id, executor] : c.executors) EXPECT_EQ(executor.running, 5U);
  c.run_time = std::chrono::seconds(1);
  while (c.tasks.size() > 2) c.finish(c.tasks.begin()->first);
  EXPECT_LT(c.launched, 20U) << "long ones come one by one again";
  c.run_time = std::chrono::milliseconds(1);
  c.finish_all();
  c.expect_job_succeeded(0, 40);
  EXPECT_EQ(c.launched, 40U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverJobs, NothingIsLaunchedAheadOnceATaskFailed) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.run_time = std::chrono::microseconds(10);
  c.submit(b.job(0, b.source(30)));
  c.finish(c.tasks.begin()->first, protocol::TaskOutcome::exception, "bad record");
  c.finish(c.tasks.begin()->first);
  EXPECT_EQ(c.tasks.size(), 1U);
  c.finish_all();
  c.expect_job_succeeded(0, 30);
}

TEST(DriverJobs, JoinKeepsBothShufflesTogether) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  c.add_executor(2, 11, 1);
  c.add_executor(3, 21, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4), b.source(3)}, 8)));
  EXPECT_EQ(c.driver.progress().stages.size(), 2U) << "both parents run at the same time";
  c.finish_all();
  c.expect_job_succeeded(0, 8);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverJobs, SecondUseOfAShuffleSkipsItsStage) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  const auto counts = b.shuffle({b.source(3)}, 3);
  c.submit(b.job(0, counts));
  c.finish_all();
  c.submit(b.job(1, b.map(counts)));
  c.finish_all();
  c.expect_job_succeeded(1, 3);
  EXPECT_EQ(c.launched, 9U);
  EXPECT_EQ(c.driver.summary().stages_skipped, 1U);
  EXPECT_TRUE(c.driver.idle());
  EXPECT_EQ(c.driver.known_shuffles(), 1U);
  c.send(program_address, protocol::ShuffleForgotten{0});
  EXPECT_EQ(c.driver.known_shuffles(), 0U);
  EXPECT_TRUE(c.held.empty());
}

TEST(DriverJobs, OnlyTheAskedPartitionsRunAndAreExchanged) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  auto job = b.job(0, b.shuffle({b.source(2)}, 6));
  job.partitions = {4, 2};
  c.submit(job);
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_EQ(c.held.size(), 2U);
}

TEST(DriverJobs, NoPartitionsEndAtOnceAndUnknownOnesFail) {
  FakeCluster c;
  LineageBuilder b;
  auto job = b.job(0, b.source(2));
  job.partitions.clear();
  c.submit(job);
  c.expect_job_succeeded(0, 0);
  job.job = 1;
  job.partitions = {2};
  c.submit(job);
  ASSERT_TRUE(c.job_end(1).has_value());
  EXPECT_EQ(c.job_end(1)->error,
            "Attempting to access a non-existent partition: 2. Total number of partitions: 2");
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverJobs, EmptyParentStagesAreOverAtOnce) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  auto rdd = b.source(0);
  for (int i = 0; i < 3; ++i) rdd = b.shuffle({rdd}, i == 2 ? 2 : 0);
  c.submit(b.job(0, rdd));
  c.finish_all();
  c.expect_job_succeeded(0, 2);
}

TEST(DriverJobs, CachedRddCutsTheLineageAndAttractsTasks) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  c.add_executor(2, 11, 4);
  LineageBuilder b;
  const auto cached = b.shuffle({b.source(2)}, 4);
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  EXPECT_EQ(c.driver.cached_blocks(), 4U);
  const auto before = c.launched;
  c.submit(b.job(1, b.map(cached)));
  for (const auto& [id, task] : c.tasks) {
    EXPECT_TRUE(
        c.executors.at(task.executor).cached.contains({cached, task.launched.attempt.partition}));
  }
  c.finish_all();
  c.expect_job_succeeded(1, 4);
  EXPECT_EQ(c.launched - before, 4U);
  c.send(program_address, protocol::RddUnpersisted{cached});
  EXPECT_EQ(c.driver.cached_blocks(), 0U);
  EXPECT_TRUE(c.executors.at(1).cached.empty());
}

TEST(DriverJobs, WaitsForABusyCachedWorkerThenGoesAnywhere) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  const auto cached = b.map(b.source(2));
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  c.add_executor(2, 11, 1);
  c.submit(b.job(1, b.map(cached)));
  EXPECT_EQ(c.tasks.size(), 1U) << "the second task waits for executor 1";
  for (int i = 0; i < 2; ++i) {
    c.tick(seconds{2});
    EXPECT_EQ(c.tasks.size(), 1U) << "for the executor itself, then for another of its node";
  }
  c.tick(seconds{2});
  EXPECT_EQ(c.tasks.size(), 2U);
  c.finish_all();
  c.expect_job_succeeded(1, 2);
}

TEST(DriverJobs, EvictedBlockBehindAForgottenPlacementIsRecomputed) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  const auto cached = b.shuffle({b.source(2)}, 2);
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  c.send(program_address, protocol::ShuffleForgotten{0});
  c.executors.at(1).cached.clear();
  c.submit(b.job(1, b.map(cached)));
  c.finish_all();
  c.expect_job_succeeded(1, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverJobs, CartesianProductOverTwoNodesTakesMoreRounds) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  const auto product = b.cartesian(b.shuffle({b.source(2)}, 4), b.shuffle({b.source(2)}, 4));
  c.submit(b.job(0, product));
  c.finish_all();
  c.expect_job_succeeded(0, 16);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverJobs, TwoJobsShareAMapStage) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  const auto counts = b.shuffle({b.source(4)}, 2);
  const auto other = b.map(counts);
  c.submit(b.job(0, counts));
  c.submit(b.job(1, other));
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  c.expect_job_succeeded(1, 2);
  EXPECT_EQ(c.launched, 8U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverJobs, CancelKillsWhatRunsAndDropsItsResults) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.source(4)));
  c.send(program_address, protocol::JobCancelRequested{0, "by the user"});
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_EQ(c.job_end(0)->error, "Job 0 cancelled by the user");
  ASSERT_EQ(c.tasks.size(), 2U);
  for (auto& [id, task] : c.tasks) {
    EXPECT_TRUE(task.kill_requested);
    task.kill_requested = false;  // it was already finishing
  }
  EXPECT_FALSE(c.driver.idle());
  c.finish_all();
  EXPECT_TRUE(c.program<protocol::TaskResultReady>().empty());
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverJobs, AccumulatorsCountOncePerPartition) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2)}, 2)));
  c.finish(0);
  c.finish(1);
  c.fail_fetch(c.tasks.begin()->first);
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_GT(c.launched, 5U) << "maps ran again";
  std::map<std::uint32_t, int> times;
  for (const auto& message : c.program<protocol::AccumulatorsUpdated>()) {
    for (const auto& update : message.updates) ++times[update.accumulator];
  }
  EXPECT_EQ(times.size(), 4U);
  for (const auto& [accumulator, count] : times) EXPECT_EQ(count, 1) << accumulator;
}

TEST(DriverJobs, DeepLineagesAndManyTasksAreCheap) {
  FakeCluster c;
  c.keep_envelopes = false;
  c.add_executor(1, 1, 64);
  LineageBuilder deep;
  auto rdd = deep.source(1);
  for (int i = 0; i < 10000; ++i) rdd = i % 10 == 0 ? deep.shuffle({rdd}, 1) : deep.map(rdd);
  c.submit(deep.job(0, rdd));
  c.finish_all();
  c.expect_job_succeeded(0, 1);
  LineageBuilder wide;
  c.submit(wide.job(1, wide.map(wide.source(100000))));
  c.finish_all();
  EXPECT_TRUE(c.job_end(1)->succeeded);
  EXPECT_EQ(c.launched, 101001U);
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
