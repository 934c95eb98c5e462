// What tasks add to accumulators reaches the program once for each partition of a stage, whatever
// happens to its tasks.

#include "fake_cluster.hpp"
#include "lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

/// How often each accumulator was counted; the fake tasks of each (stage, partition) have their
/// own.
std::map<std::uint32_t, int> counts(const FakeCluster& c) {
  std::map<std::uint32_t, int> times;
  for (const auto& message : c.program<protocol::AccumulatorsUpdated>()) {
    for (const auto& update : message.updates) {
      EXPECT_EQ(update.accumulator / 1000, message.stage);
      ++times[update.accumulator];
    }
  }
  return times;
}

void expect_each_once(const FakeCluster& c, std::size_t partitions) {
  const auto times = counts(c);
  EXPECT_EQ(times.size(), partitions);
  for (const auto& [accumulator, count] : times) EXPECT_EQ(count, 1) << accumulator;
}

protocol::TaskFinished report_of(const FakeTask& task, TaskOutcome outcome) {
  protocol::TaskFinished report;
  report.attempt = task.launched.attempt;
  report.outcome = outcome;
  report.error = "IllegalState: on purpose";
  const auto& attempt = report.attempt;
  report.accumulators.push_back({attempt.stage * 1000 + attempt.partition, {}});
  return report;
}

/// Ends a task with a report of the test's own, which the cluster then knows nothing of.
void finish_with(FakeCluster& c, base::TaskId id, TaskOutcome outcome) {
  const FakeTask task = c.tasks.at(id);
  c.tasks.erase(id);
  FakeExecutor& executor = c.executors.at(task.executor);
  --executor.running;
  c.send(executor.address, report_of(task, outcome));
}

TEST(Accumulators, ACC_006_AResultTaskThatEndsTwiceAddsOnce) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.source(3)));
  const FakeTask first = c.tasks.at(0);
  c.finish(0);
  c.send(c.executors.at(1).address, report_of(first, TaskOutcome::success));
  c.finish_all();
  c.expect_job_succeeded(0, 3);
  expect_each_once(c, 3);
}

TEST(Accumulators, ATaskThatFailsReportsOnlyWhatCountsThen) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  for (int attempt = 0; attempt < 3; ++attempt) {
    ASSERT_FALSE(c.tasks.empty());
    finish_with(c, c.tasks.begin()->first, TaskOutcome::exception);
    c.tick(seconds{1});
  }
  c.finish_all();
  c.expect_job_succeeded(0, 1);
  EXPECT_EQ(counts(c).at(0), 4) << "what an executor sends of a failed task is there to be counted";
}

TEST(Accumulators, TasksOfALostExecutorCountOnce) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(6)}, 3)));
  c.finish(c.running_partition(0));
  c.lose_executor(1, false);
  c.finish_all();
  c.expect_job_succeeded(0, 3);
  expect_each_once(c, 9);
}

TEST(Accumulators, MapsThatRunAgainAfterALostRankCountOnce) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4)}, 4)));
  for (int i = 0; i < 4; ++i) c.finish(c.tasks.begin()->first);
  c.finish(c.tasks.begin()->first);
  c.lose_executor(1, false);
  c.outputs.erase(1);
  std::erase_if(c.held, [](const auto& entry) { return std::get<0>(entry.first) == 1; });
  c.send(master_address, protocol::RankDataLost{1, "it died"});
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_GT(c.launched, 8U);
  expect_each_once(c, 8);
}

TEST(Accumulators, CopiesOfATaskCountOnce) {
  Options options;
  options.speculation.enabled = true;
  options.speculation.multiplier = 1.5;
  options.speculation.quantile = 0.75;
  FakeCluster c(options);
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  c.run_time = seconds{1};
  LineageBuilder b;
  c.submit(b.job(0, b.source(4)));
  for (const std::uint32_t partition : {0U, 1U, 2U}) c.finish(c.running_partition(partition));
  c.tick(seconds{2});
  ASSERT_EQ(c.tasks.size(), 2U) << "a copy of the straggler";
  const FakeTask original = c.tasks.begin()->second;
  c.finish(c.tasks.rbegin()->first);
  c.expect_job_succeeded(0, 4);
  c.tasks.erase(original.launched.attempt.task);
  c.send(c.executors.at(original.executor).address, report_of(original, TaskOutcome::success));
  expect_each_once(c, 4);
  EXPECT_TRUE(c.driver.idle());
}

TEST(LocalProperties, TravelWithTheStagesOfTheirJob) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  protocol::JobSubmitted job = b.job(0, b.shuffle({b.source(2)}, 2));
  job.properties = {{"color", "green"}};
  c.submit(job);
  for (int stage = 0; stage < 2; ++stage) {
    ASSERT_FALSE(c.tasks.empty());
    for (const auto& [key, binary] : c.executors.at(1).stages) {
      EXPECT_EQ(binary->properties, job.properties);
    }
    while (!c.tasks.empty() && c.running_of(static_cast<base::StageId>(stage)).size() > 0) {
      c.finish(c.running_of(static_cast<base::StageId>(stage)).front());
    }
  }
  c.finish_all();
  c.expect_job_succeeded(0, 2);
}

TEST(Broadcasts, TheDriversRankGetsThem) {
  FakeCluster c;
  c.hold_services = true;
  c.send(program_address, protocol::BroadcastCreated{5, {}});
  c.send(program_address, protocol::BroadcastForgotten{5, "destroy at main.cpp:1"});
  ASSERT_EQ(c.postponed.size(), 2U);
  for (const auto& envelope : c.postponed) {
    EXPECT_EQ(envelope.to, protocol::at_rank(Role::shuffle_service, driver_address.rank));
  }
  const auto& first = std::get<protocol::ShuffleServiceMessage>(c.postponed[0].message);
  const auto& second = std::get<protocol::ShuffleServiceMessage>(c.postponed[1].message);
  const protocol::BroadcastId expected{{1, 1}, 1, 5};
  EXPECT_EQ(std::get<protocol::BroadcastWritten>(first).broadcast, expected);
  EXPECT_EQ(std::get<protocol::BroadcastRemoved>(second).destroyed, "destroy at main.cpp:1");
}

}  // namespace
}  // namespace volley::driver::testing
