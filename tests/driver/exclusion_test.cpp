// Where tasks do not run any more because tasks failed there.

#include "driver/exclusion.hpp"

#include "driver/health_tracker.hpp"
#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

using namespace std::chrono_literals;

const base::TimePoint start{1h};

ExclusionOptions switched_on() {
  ExclusionOptions options;
  options.task_and_stage = true;
  options.application = true;
  return options;
}

/// Failures of as many tasks of a set on one executor.
std::map<base::ExecutorId, ExecutorFailures> failures(base::ExecutorId executor,
                                                      std::uint32_t tasks, base::TimePoint when) {
  ExecutorFailures on_executor;
  for (std::uint32_t index = 0; index < tasks; ++index) on_executor.tasks[index] = {1, when};
  return {{executor, on_executor}};
}

TEST(Health, HLTH_001_OneFailureInEachOfTwoSetsThatSucceededIsEnough) {
  HealthTracker health(switched_on());
  EXPECT_TRUE(health.set_succeeded(0, 0, failures(1, 1, start), start).empty());
  EXPECT_FALSE(health.excludes(1, 0));
  EXPECT_EQ(health.set_succeeded(1, 0, failures(1, 1, start), start).executors.size(), 1U);
  EXPECT_TRUE(health.excludes(1, 0));
  EXPECT_FALSE(health.excludes(2, 0));
}

TEST(Health, HLTH_003_ExecutorsAndNodesComeBackAfterTheTimeOut) {
  HealthTracker health(switched_on());
  EXPECT_EQ(health.set_succeeded(0, 0, failures(1, 4, start), start).nodes.size(), 0U);
  const auto second = health.set_succeeded(1, 0, failures(2, 4, start), start);
  EXPECT_EQ(second.executors, std::vector<base::ExecutorId>{2});
  EXPECT_EQ(second.nodes, std::vector<std::uint32_t>{0});
  EXPECT_TRUE(health.excludes(3, 0)) << "the whole node";
  EXPECT_FALSE(health.excludes(3, 1));
  EXPECT_TRUE(health.expire(start + 59min).empty());
  const auto over = health.expire(start + 1h + 1ms);
  EXPECT_EQ(over.executors.size(), 2U);
  EXPECT_EQ(over.nodes.size(), 1U);
  EXPECT_TRUE(health.empty());
  const base::TimePoint later = start + 2h;
  EXPECT_TRUE(health.set_succeeded(2, 0, failures(1, 1, later), later).empty());
}

TEST(Health, HLTH_004_FailuresOlderThanTheTimeOutDoNotAddUp) {
  HealthTracker health(switched_on());
  health.set_succeeded(0, 0, failures(1, 1, start), start);
  const base::TimePoint later = start + 1h + 1s;
  EXPECT_TRUE(health.set_succeeded(1, 0, failures(1, 1, later), later).empty());
  EXPECT_FALSE(health.set_succeeded(2, 0, failures(1, 1, later), later).empty());
}

TEST(TaskSetExclusions, HLTH_007_FromTheTaskToTheExecutorToTheNode) {
  TaskSetExclusion set(switched_on());
  EXPECT_FALSE(set.failed(1, 0, 0, start).executor);
  EXPECT_TRUE(set.excludes_task(0, 1, 0));
  EXPECT_FALSE(set.excludes_task(0, 2, 0)) << "one failure on the node is not enough";
  EXPECT_FALSE(set.excludes_task(1, 1, 0));
  const auto first = set.failed(1, 0, 1, start);
  EXPECT_TRUE(first.executor);
  EXPECT_FALSE(first.node);
  EXPECT_FALSE(set.failed(2, 0, 0, start).executor);
  EXPECT_TRUE(set.excludes_task(0, 3, 0)) << "failed twice on the node";
  EXPECT_FALSE(set.excludes_task(0, 4, 1));
  const auto last = set.failed(2, 0, 1, start);
  EXPECT_TRUE(last.executor);
  EXPECT_TRUE(last.node);
  EXPECT_TRUE(set.excludes(3, 0));
  EXPECT_FALSE(set.failed(2, 0, 2, start).executor) << "said once";
}

TEST(TaskSetExclusions, HLTH_008_AttemptsOfOneTaskCountOnce) {
  ExclusionOptions options = switched_on();
  options.task_attempts_per_executor = 2;
  options.task_attempts_per_node = 3;
  options.stage_executors_per_node = 3;
  TaskSetExclusion set(options);
  set.failed(1, 0, 0, start);
  EXPECT_FALSE(set.failed(1, 0, 0, start).executor);
  EXPECT_TRUE(set.excludes_task(0, 1, 0));
  EXPECT_FALSE(set.excludes_task(0, 2, 0));
  EXPECT_FALSE(set.excludes(1, 0));
  EXPECT_FALSE(set.failed(2, 0, 0, start).executor);
  EXPECT_TRUE(set.excludes_task(0, 3, 0)) << "three times on the node";
  EXPECT_TRUE(set.failed(1, 0, 1, start).executor);
  EXPECT_TRUE(set.failed(2, 0, 2, start).executor);
  EXPECT_FALSE(set.failed(3, 0, 3, start).node);
  const auto last = set.failed(3, 0, 4, start);
  EXPECT_TRUE(last.executor);
  EXPECT_TRUE(last.node);
}

base::TaskId fail_one(FakeCluster& c) {
  const base::TaskId id = c.tasks.begin()->first;
  c.finish(id, TaskOutcome::exception, "bad disk");
  return id;
}

TEST(DriverExclusion, TSM_009_ATaskDoesNotComeBackToWhereItFailed) {
  Options options;
  options.exclusion.task_and_stage = true;
  FakeCluster c(options);
  for (base::ExecutorId id = 1; id <= 4; ++id) {
    c.add_executor(id, static_cast<base::Rank>(10 * id), 1);
  }
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  std::set<base::ExecutorId> used;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(c.tasks.size(), 1U);
    EXPECT_TRUE(used.insert(c.tasks.begin()->second.executor).second) << "it failed there";
    c.tick(seconds{4000});  // what is excluded from a stage stays so
    fail_one(c);
  }
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("failed 4 times"), std::string::npos);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverExclusion, ATaskThatCanRunNowhereEndsItsJobInSparksWords) {
  Options options;
  options.exclusion.task_and_stage = true;
  FakeCluster c(options);
  c.add_executor(1, 1, 1);
  c.add_executor(2, 11, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  fail_one(c);
  fail_one(c);
  EXPECT_TRUE(c.tasks.empty());
  c.tick(seconds{1});
  EXPECT_FALSE(c.job_end(0).has_value()) << "an idle executor is replaced first";
  const auto stops = c.received<protocol::ContainerStopRequested, protocol::NodeManagerMessage>(
      protocol::at_rank(Role::node_manager, 1));
  EXPECT_EQ(stops.size(), 1U);
  c.tick(seconds{121});
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("Aborting TaskSet 0.0 because task 0 (partition 0) cannot run "
                                     "anywhere due to node and executor excludeOnFailure. Most "
                                     "recent failure: Lost task 0.1 in stage 0.0"),
            std::string::npos)
      << c.job_end(0)->error;
  EXPECT_NE(c.job_end(0)->error.find("volley.excludeOnFailure.*"), std::string::npos);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverExclusion, AReplacementSavesTheTask) {
  Options options;
  options.exclusion.task_and_stage = true;
  FakeCluster c(options);
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  fail_one(c);
  c.tick(seconds{1});
  c.lose_executor(1, false);
  c.add_executor(2, 1, 1);
  c.finish_all();
  c.expect_job_succeeded(0, 1);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverExclusion, HLTH_001_TheApplicationAvoidsWhatFailedInStagesThatSucceeded) {
  Options options;
  options.exclusion.application = true;
  options.exclusion.task_and_stage = true;
  FakeCluster c(options);
  c.add_executor(1, 1, 1);
  c.add_executor(2, 11, 1);
  LineageBuilder b;
  for (base::JobId job = 0; job < 2; ++job) {
    c.submit(b.job(job, b.source(2)));
    for (const auto& [id, task] : c.tasks) {
      if (task.executor != 1) continue;
      c.finish(id, TaskOutcome::exception, "bad disk");
      break;
    }
    c.finish_all();
    c.expect_job_succeeded(job, 2);
  }
  c.submit(b.job(2, b.source(4)));
  EXPECT_EQ(c.executors.at(1).running, 0U);
  EXPECT_EQ(c.executors.at(2).running, 1U);
  c.tick(seconds{3601});
  EXPECT_EQ(c.executors.at(1).running, 1U) << "the hour is over";
  c.finish_all();
  c.expect_job_succeeded(2, 4);
}

}  // namespace
}  // namespace volley::driver::testing
