// Stragglers: who gets a copy, where it runs, and what becomes of the other one.

#include "driver/speculation.hpp"

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

using Durations = std::vector<base::Duration>;

Options speculating() {
  Options options;
  options.speculation.enabled = true;
  options.speculation.quantile = 0.5;
  options.speculation.multiplier = 1.5;
  return options;
}

TEST(Stragglers, EnoughTasksMustHaveSucceeded) {
  SpeculationOptions options;  // 0.9 of the tasks, 3 times the median
  Durations ten(10, seconds{1});
  EXPECT_FALSE(straggler_threshold(options, {20, 17, 1}, ten));
  EXPECT_EQ(straggler_threshold(options, {20, 18, 1}, ten), seconds{3});
  Durations tiny(10, milliseconds{1});
  EXPECT_EQ(straggler_threshold(options, {20, 18, 1}, tiny), milliseconds{100});
}

TEST(Stragglers, SmallSetsMayHaveALimitOfTheirOwn) {
  SpeculationOptions options;
  Durations none;
  EXPECT_FALSE(straggler_threshold(options, {1, 0, 4}, none));
  options.duration_threshold = seconds{60};
  EXPECT_EQ(straggler_threshold(options, {4, 0, 4}, none), seconds{60});
  EXPECT_FALSE(straggler_threshold(options, {5, 0, 4}, none));
}

/// Four tasks of a second on two executors; the last one takes longer.
class DriverSpeculation : public ::testing::Test {
 protected:
  explicit DriverSpeculation() : c(speculating()) {
    c.add_executor(1, 1, 2);
    c.add_executor(2, 11, 2);
    c.run_time = seconds{1};
    c.submit(b.job(0, b.source(4)));
    for (const std::uint32_t partition : {0U, 1U, 2U}) c.finish(c.running_partition(partition));
    original = c.running_partition(3);
    home = c.tasks.at(original).executor;
  }
  base::TaskId copy() {
    c.tick(seconds{2});
    EXPECT_EQ(c.tasks.size(), 2U) << "a copy of the straggler";
    return c.tasks.rbegin()->first;
  }

  FakeCluster c;
  LineageBuilder b;
  base::TaskId original = 0;
  base::ExecutorId home = 0;
};

TEST_F(DriverSpeculation, TSM_019_CTX_012_TheFirstToFinishWinsAndTheOtherIsKilled) {
  c.tick(milliseconds{900});
  EXPECT_EQ(c.tasks.size(), 1U) << "it has not run for 1.5 times the median";
  const base::TaskId second = copy();
  EXPECT_EQ(c.tasks.at(second).launched.attempt.partition, 3U);
  EXPECT_EQ(c.tasks.at(second).launched.attempt.attempt, 1U);
  EXPECT_NE(c.tasks.at(second).executor, home) << "on another host";
  c.tick(seconds{10});
  EXPECT_EQ(c.tasks.size(), 2U) << "one copy is enough";
  c.finish(second);
  c.expect_job_succeeded(0, 4);
  EXPECT_TRUE(c.tasks.at(original).kill_requested);
  const auto kills = c.received<protocol::TaskKillRequested, protocol::ExecutorMessage>(
      c.executors.at(home).address);
  ASSERT_EQ(kills.size(), 1U);
  EXPECT_EQ(kills[0].reason, "another attempt succeeded");
  c.finish(original);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(DriverSpeculation, TSM_028_TheLoserIsKilledEvenWhenItFinishes) {
  const base::TaskId second = copy();
  const Address loser = c.executors.at(home).address;
  protocol::TaskFinished late;
  late.attempt = c.tasks.at(original).launched.attempt;
  c.finish(second);
  c.tasks.erase(original);
  c.send(loser, late);  // it had succeeded before the request to stop came
  c.expect_job_succeeded(0, 4);
  EXPECT_EQ(c.driver.summary().tasks_succeeded, 4U);
  EXPECT_EQ(c.driver.summary().tasks_killed, 1U);
  EXPECT_EQ(c.driver.scheduler().counts().copies, 1U);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(DriverSpeculation, TSM_016_AKilledLoserIsNotRunAgainWhenItsExecutorIsLost) {
  c.finish(copy());
  const std::uint64_t launched = c.launched;
  c.lose_executor(home);
  c.tick(seconds{1});
  EXPECT_EQ(c.launched, launched);
  c.expect_job_succeeded(0, 4);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(DriverSpeculation, ACopyThatFailsLeavesTheOriginalAlone) {
  c.finish(copy(), TaskOutcome::exception, "bad luck");
  EXPECT_EQ(c.tasks.size(), 1U);
  EXPECT_FALSE(c.tasks.at(original).kill_requested);
  c.tick(seconds{1});
  c.finish(original);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(DriverSpeculation, WhenTheOriginalFailsTheCopyIsTheTask) {
  const base::TaskId second = copy();
  c.finish(original, TaskOutcome::exception, "bad luck");
  EXPECT_EQ(c.tasks.size(), 1U) << "the copy runs already";
  c.finish(second);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
}

TEST(Speculation, WithoutItNobodyGetsACopy) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  c.run_time = seconds{1};
  LineageBuilder b;
  c.submit(b.job(0, b.source(4)));
  for (int i = 0; i < 3; ++i) c.finish(c.tasks.begin()->first);
  c.tick(seconds{100});
  EXPECT_EQ(c.tasks.size(), 1U);
  c.finish_all();
}

TEST(Speculation, AReduceTaskIsCopiedWithinItsNode) {
  FakeCluster c(speculating());
  c.add_executor(1, 1, 2);
  c.add_executor(2, 2, 2);
  c.run_time = seconds{1};
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2)}, 4)));
  for (const base::TaskId id : c.running_of(0)) c.finish(id);
  for (const std::uint32_t partition : {0U, 1U, 2U}) c.finish(c.running_partition(partition));
  c.tick(seconds{2});
  EXPECT_EQ(c.tasks.size(), 2U);
  c.finish(c.tasks.rbegin()->first);
  c.expect_job_succeeded(0, 4);
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

TEST(Speculation, TSM_025_WhatCannotEndBeforeItsExecutorGoesIsCopiedAtOnce) {
  Options options = speculating();
  options.speculation.multiplier = 100;
  options.decommission.kill_interval = seconds{5};
  FakeCluster c(options);
  c.add_executor(1, 1, 4);
  c.add_executor(2, 11, 4);
  c.run_time = seconds{10};
  LineageBuilder b;
  c.submit(b.job(0, b.source(4)));
  c.finish(c.tasks.begin()->first);
  c.tick(seconds{1});
  const std::size_t before = c.tasks.size();
  const base::ExecutorId leaving = c.tasks.begin()->second.executor;
  const std::size_t doomed = c.executors.at(leaving).running;
  c.send(master_address, protocol::ExecutorDecommissioned{leaving, "the node is drained"});
  c.tick(seconds{1});
  EXPECT_EQ(c.tasks.size(), before + doomed);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
}

TEST(Commits, OCC_003_OnlyTheFailureOfTheCommitterMakesRoom) {
  CommitCoordinator commits;
  EXPECT_TRUE(commits.may_commit(1, 2, 3));
  EXPECT_TRUE(commits.may_commit(1, 2, 3)) << "asked twice";
  EXPECT_FALSE(commits.may_commit(1, 2, 100));
  EXPECT_TRUE(commits.may_commit(1, 4, 100)) << "another task";
  commits.failed(1, 2, 100);
  EXPECT_FALSE(commits.may_commit(1, 2, 101));
  commits.failed(1, 2, 3);
  EXPECT_TRUE(commits.may_commit(1, 2, 101));
  commits.stage_over(1);
  EXPECT_TRUE(commits.empty());
}

TEST(Commits, OCC_004_AnAttemptThatFailedMayNotCommit) {
  CommitCoordinator commits;
  EXPECT_TRUE(commits.may_commit(0, 0, 1));
  commits.failed(0, 0, 1);
  EXPECT_FALSE(commits.may_commit(0, 0, 1));
  EXPECT_TRUE(commits.may_commit(0, 0, 2));
}

TEST_F(DriverSpeculation, OCC_003_OneOfTwoCopiesMayPublish) {
  const base::TaskId second = copy();
  const Address committer = c.executors.at(c.tasks.at(second).executor).address;
  EXPECT_TRUE(c.commit(second));
  EXPECT_FALSE(c.commit(original));
  c.finish(original, TaskOutcome::commit_denied, "denied");
  c.tick(seconds{1});
  EXPECT_EQ(c.tasks.size(), 1U) << "denied, and its copy is at work";
  c.lose_executor(c.tasks.at(second).executor, false);
  EXPECT_FALSE(c.commit(second, committer)) << "it is lost";
  c.tick(seconds{1});
  const base::TaskId third = c.running_partition(3);
  EXPECT_TRUE(c.commit(third));
  c.finish(third);
  c.expect_job_succeeded(0, 4);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Commits, OCC_002_WhileAllAreDeniedTheTaskIsTriedAgainForEver) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(c.tasks.size(), 1U);
    c.finish(c.tasks.begin()->first, TaskOutcome::commit_denied, "denied");
  }
  EXPECT_FALSE(c.job_end(0).has_value()) << "a denial is no failure";
  c.finish_all();
  c.expect_job_succeeded(0, 1);
}

TEST(Commits, AfterACancelledJobNobodyMayPublish) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  c.send(program_address, protocol::JobCancelRequested{0, ""});
  EXPECT_FALSE(c.commit(c.tasks.begin()->first));
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
