// Jobs that are ended by name, and tasks that do not stop when they are asked to.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

class Cancellation : public ::testing::Test {
 protected:
  Cancellation() { c.add_executor(1, 1, 8); }
  void submit(base::JobId id, const std::string& group, std::vector<std::string> tags = {}) {
    auto job = b.job(id, b.source(2));
    job.group = group;
    job.tags = std::move(tags);
    c.submit(job);
  }
  std::string error(base::JobId id) const {
    const auto end = c.job_end(id);
    return end ? end->error : "";
  }
  FakeCluster c;
  LineageBuilder b;
};

TEST_F(Cancellation, CANC_003_AGroupEndsWithItsReasonAndNobodyElse) {
  submit(0, "jobA");
  submit(1, "");
  submit(2, "jobA");
  c.send(program_address, protocol::JobGroupCancelRequested{"jobA", "", false});
  EXPECT_EQ(error(0), "Job 0 cancelled part of cancelled job group jobA");
  EXPECT_EQ(error(2), "Job 2 cancelled part of cancelled job group jobA");
  EXPECT_FALSE(c.job_end(1).has_value());
  submit(3, "jobA");
  c.send(program_address, protocol::JobGroupCancelRequested{"jobA", "it is late", false});
  EXPECT_EQ(error(3), "Job 3 cancelled it is late");
  c.finish_all();
  c.expect_job_succeeded(1, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(Cancellation, CANC_003_FutureJobsOfAGroupMayBeMeant) {
  submit(0, "jobA");
  c.send(program_address, protocol::JobGroupCancelRequested{"jobA", "", true});
  submit(1, "jobA");
  EXPECT_EQ(error(1), "Job 1 cancelled part of cancelled job group jobA");
  submit(2, "jobB");
  c.finish_all();
  c.expect_job_succeeded(2, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(Cancellation, CANC_006_ATagEndsTheJobsThatCarryIt) {
  submit(0, "", {"one"});
  submit(1, "", {"one", "two"});
  submit(2, "", {"two"});
  c.send(program_address, protocol::TaggedJobsCancelRequested{"two", ""});
  EXPECT_FALSE(c.job_end(0).has_value());
  EXPECT_EQ(error(1), "Job 1 cancelled part of cancelled job tag two");
  EXPECT_TRUE(c.job_end(2).has_value());
  c.finish_all();
  c.expect_job_succeeded(0, 2);
}

TEST_F(Cancellation, DAG_009_ACancelledJobSaysThatItWas) {
  submit(0, "");
  c.send(program_address, protocol::JobCancelRequested{0, "by the user"});
  EXPECT_EQ(error(0), "Job 0 cancelled by the user");
  for (const auto& [id, task] : c.tasks) EXPECT_TRUE(task.kill_requested);
  c.send(program_address, protocol::JobCancelRequested{0, "again"});
  c.send(program_address, protocol::JobCancelRequested{17, "unknown"});
  EXPECT_EQ(c.program<protocol::JobEnded>().size(), 1U);
  c.finish_all();
  EXPECT_EQ(c.driver.summary().jobs_failed, 1U);
  EXPECT_FALSE(c.driver.summary().stages.front().succeeded);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(Cancellation, CTX_010_AllJobsAndTheJobsOfAStage) {
  submit(0, "");
  submit(1, "");
  c.send(program_address, protocol::StageCancelRequested{1, "too slow"});
  EXPECT_EQ(error(1), "Job 1 cancelled because Stage 1 was cancelled: too slow");
  EXPECT_FALSE(c.job_end(0).has_value());
  submit(2, "");
  c.send(program_address, protocol::AllJobsCancelRequested{});
  EXPECT_EQ(error(0), "Job 0 cancelled as part of cancellation of all jobs");
  EXPECT_TRUE(c.job_end(2).has_value());
  c.send(program_address, protocol::StageCancelRequested{99, ""});
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(Cancellation, DAG_046_EveryTaskThatStartedEndsInTheCounts) {
  submit(0, "");
  submit(1, "");
  c.finish(c.tasks.begin()->first, TaskOutcome::exception, "bad record");
  c.send(program_address, protocol::JobCancelRequested{0, ""});
  c.finish_all();
  const Summary& summary = c.driver.summary();
  EXPECT_EQ(summary.tasks_killed, 2U);
  EXPECT_EQ(summary.tasks_succeeded + summary.tasks_failed + summary.tasks_killed, c.launched);
  EXPECT_EQ(c.driver.scheduler().counts().ended, c.launched);
}

std::size_t containers_stopped(const FakeCluster& c) {
  return c
      .received<protocol::ContainerStopRequested, protocol::NodeManagerMessage>(
          protocol::at_rank(Role::node_manager, 1))
      .size();
}

void cancel_and_wait(FakeCluster& c) {
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  c.send(program_address, protocol::JobCancelRequested{0, "too slow"});
  for (int i = 0; i < 35; ++i) c.tick(seconds{1});
}

TEST(Reaper, ATaskThatDoesNotStopIsSpokenOfAndThenItsProcessIsEnded) {
  Options options;
  options.reaper.enabled = true;
  options.reaper.kill_timeout = seconds{30};
  FakeCluster c(options);
  cancel_and_wait(c);
  EXPECT_EQ(c.logged("Task 0 on host0 still runs"), 2U) << "after 10 and 20 seconds";
  EXPECT_EQ(containers_stopped(c), 1U);
  c.lose_executor(1);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Reaper, WithoutATimeOutItOnlySpeaks) {
  Options options;
  options.reaper.enabled = true;
  FakeCluster c(options);
  cancel_and_wait(c);
  EXPECT_EQ(c.logged("still runs"), 3U);
  EXPECT_EQ(containers_stopped(c), 0U);
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

TEST(Reaper, WhoStopsIsNotSpokenOf) {
  Options options;
  options.reaper.enabled = true;
  FakeCluster c(options);
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  c.send(program_address, protocol::JobCancelRequested{0, "too slow"});
  c.finish_all();
  for (int i = 0; i < 35; ++i) c.tick(seconds{1});
  EXPECT_EQ(c.logged("still runs"), 0U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Reaper, ItIsOffByDefault) {
  FakeCluster c;
  cancel_and_wait(c);
  EXPECT_EQ(c.logged("still runs"), 0U);
  EXPECT_EQ(containers_stopped(c), 0U);
}

}  // namespace
}  // namespace volley::driver::testing
