// Jobs whose tasks, executors and data fail.

#include "fake_cluster.hpp"
#include "lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

base::TaskId running_partition(const FakeCluster& c, std::uint32_t partition) {
  for (const auto& [id, task] : c.tasks) {
    if (task.launched.attempt.partition == partition) return id;
  }
  ADD_FAILURE() << "partition " << partition << " does not run";
  return 0;
}

TEST(DriverFaults, ATaskThatFailsIsTriedAgain) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.source(2)));
  for (int i = 0; i < 3; ++i) {
    c.finish(running_partition(c, 1), TaskOutcome::exception, "bad record");
  }
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_EQ(c.driver.summary().tasks_failed, 3U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, AfterFourFailuresTheJobEndsInSparksWords) {
  FakeCluster c;
  c.add_executor(2, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.source(2)));
  for (int i = 0; i < 4; ++i) {
    c.finish(running_partition(c, 1), TaskOutcome::exception, "bad record");
  }
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_EQ(c.job_end(0)->error,
            "Job aborted due to stage failure: Task 1 in stage 0.0 failed 4 times, most recent "
            "failure: Lost task 1.3 in stage 0.0 (TID 4) (host0 executor 2): bad record");
  c.finish_all();
  EXPECT_TRUE(c.program<protocol::TaskResultReady>().empty());
  EXPECT_TRUE(c.driver.idle());
  EXPECT_TRUE(c.executors.at(2).stages.empty());
}

TEST(DriverFaults, ALostExecutorCountsOnlyWhenTheApplicationCausedIt) {
  FakeCluster c;
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  for (base::ExecutorId id = 1; id <= 8; ++id) {
    c.add_executor(id, 1, 1);
    c.lose_executor(id, false);
  }
  EXPECT_FALSE(c.job_end(0).has_value());
  for (base::ExecutorId id = 11; id <= 14; ++id) {
    c.add_executor(id, 1, 1);
    c.lose_executor(id, true);
  }
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("failed 4 times"), std::string::npos);
  EXPECT_NE(c.job_end(0)->error.find("killed by signal 9"), std::string::npos);
  EXPECT_EQ(c.driver.summary().lost_executors.size(), 12U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, ExecutorLostInTheMapStageCostsItsRunningTasksOnly) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(6)}, 4)));
  const auto of_two = c.running_of(0);
  for (const auto id : of_two) {
    if (c.tasks.at(id).executor == 2) {
      c.finish(id);
      break;
    }
  }
  c.lose_executor(2);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_EQ(c.launched, 6U + 4U + 2U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, ExecutorLostInTheReduceStageRunsNoMapAgain) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4)}, 8)));
  for (base::TaskId id = 0; id < 4; ++id) c.finish(id);
  EXPECT_EQ(c.running_of(1).size(), 4U);
  c.lose_executor(2);
  c.finish(c.tasks.begin()->first);
  EXPECT_FALSE(c.job_end(0).has_value());
  c.finish_all();  // executor 1 is on another node: the data moves after a while
  c.expect_job_succeeded(0, 8);
  EXPECT_EQ(c.launched, 4U + 8U + 2U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, AReplacementOnTheSameNodeReadsTheDataInPlace) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4)}, 4)));
  for (base::TaskId id = 0; id < 4; ++id) c.finish(id);
  c.lose_executor(1);
  c.add_executor(2, 2, 4);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_EQ(c.held.size(), 4U) << "nothing was exchanged again";
}

TEST(DriverFaults, DAG_011_FetchFailureRunsTheLostMapsAgain) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4)}, 4)));
  for (base::TaskId id = 0; id < 4; ++id) c.finish(id);
  const auto reduces = c.running_of(1);
  ASSERT_EQ(reduces.size(), 4U);
  c.fail_fetch(reduces[0]);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_LT(c.launched, 16U) << "only the maps of one rank";
  EXPECT_GT(c.launched, 8U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, DAG_015_FourFetchFailuresInARowEndTheJob) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 1)));
  for (int i = 0; i < 100 && !c.job_end(0); ++i) {
    c.tick(seconds{1});
    if (c.tasks.empty()) continue;
    const auto& [id, task] = *c.tasks.begin();
    if (task.launched.shuffles.empty()) {
      c.finish(id);
    } else {
      c.fail_fetch(id);
    }
  }
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("failed the maximum allowable number of times: 4"),
            std::string::npos);
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, AFailedExchangeFailsTheJobWithItsText) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  c.exchange_error = "no space in the node arena";
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 1)));
  c.finish_all();
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("no space in the node arena"), std::string::npos);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, AMapOutputThatArrivesDamagedIsMadeAgain) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  c.exchange_damage = {2};
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4)}, 4)));
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_EQ(c.launched, 4U + 1U + 4U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, OutputsThatKeepArrivingDamagedEndTheJob) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 1)));
  for (int i = 0; i < 100 && !c.job_end(0); ++i) {
    c.exchange_damage = {0};
    c.tick(seconds{1});
    if (!c.tasks.empty()) c.finish(c.tasks.begin()->first);
  }
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("failed the maximum allowable number of times: 4"),
            std::string::npos);
  EXPECT_NE(c.job_end(0)->error.find("damaged"), std::string::npos);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, AMapOutputThatIsDamagedOnDiskIsMadeAgainAndMovedAgain) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  c.add_executor(2, 11, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4)}, 4)));
  for (base::TaskId id = 0; id < 4; ++id) c.finish(id);
  const auto reduces = c.running_of(1);
  ASSERT_EQ(reduces.size(), 4U);
  const protocol::ShuffleInput input = c.tasks.at(reduces[0]).launched.shuffles.at(0);
  c.finish(reduces[0], TaskOutcome::fetch_failed, "damaged", input, {3});
  for (std::size_t i = 1; i < reduces.size(); ++i) c.finish(reduces[i]);
  c.held.clear();  // whatever is read from now on was exchanged again
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_EQ(c.launched, 4U + 4U + 1U + 1U) << "only that map, and the task that read it";
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, LateMessagesAreCountedAndDropped) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  const Address executor = c.executors.at(1).address;
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 1)));
  c.hold_services = true;
  c.finish(0);
  c.send(program_address, protocol::JobCancelRequested{0, ""});
  c.release_services();  // answers to a query that nobody waits for
  EXPECT_EQ(c.driver.late_messages(), 1U);
  protocol::TaskFinished twice;
  c.send(executor, twice);
  c.send(executor, protocol::ExchangeFinished{{{1, 1}, 0}, 99, 0, ""});
  c.lose_executor(1);
  c.send(master_address, protocol::ExecutorLost{1, true, "", 0});
  c.send(executor, protocol::ExecutorHeartbeat{1, 0, {}, 0});
  c.send(executor, protocol::ExecutorRegistered{1, 0, 1, "host0", 0, 1, 100, 7, {}});
  EXPECT_EQ(c.driver.late_messages(), 6U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, HB_002_ASilentExecutorIsLostAfterTheNetworkTimeout) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  for (int i = 0; i < 20; ++i) c.tick(seconds{10});
  EXPECT_TRUE(c.driver.summary().lost_executors.empty());
  c.silent.insert(1);
  for (int i = 0; i < 10; ++i) c.tick(seconds{10});
  EXPECT_TRUE(c.driver.summary().lost_executors.empty());
  for (int i = 0; i < 2; ++i) c.tick(seconds{10});
  ASSERT_EQ(c.driver.summary().lost_executors.size(), 1U);
  EXPECT_NE(c.driver.summary().lost_executors[0].reason.find("volley.network.timeout"),
            std::string::npos);
  // It may be unable to listen: its NodeManager ends it, and so makes room for another.
  const auto stops = c.received<protocol::ContainerStopRequested, protocol::NodeManagerMessage>(
      protocol::at_rank(Role::node_manager, 1));
  ASSERT_EQ(stops.size(), 1U);
  EXPECT_EQ(stops[0].container, c.executors.at(1).address.container);
  c.add_executor(2, 1, 1);
  c.tasks.erase(0);
  c.finish_all();
  c.expect_job_succeeded(0, 1);
}

TEST(DriverFaults, ResultsTogetherHaveALimit) {
  Options options;
  options.max_result_size = {1000};
  FakeCluster c(options);
  c.result_bytes = 500;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.source(2)));
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  c.submit(b.job(1, b.source(3)));
  c.finish_all();
  ASSERT_TRUE(c.job_end(1).has_value());
  EXPECT_EQ(c.job_end(1)->error,
            "Job aborted due to stage failure: Total size of serialized results of 3 tasks (1.5 "
            "KiB) is bigger than volley.driver.maxResultSize (1000 B): save them, or raise the "
            "limit");
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, JobsWaitWhileThereIsNoExecutor) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2)}, 2)));
  c.finish(0);
  c.hold_services = true;
  c.finish(1);
  c.lose_executor(1);
  c.release_services();  // sizes arrive, but no rank can take the partitions
  for (int i = 0; i < 100; ++i) c.tick(seconds{1});
  c.add_executor(2, 11, 2);
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverFaults, CachedBlocksOfALostExecutorAreComputedAgain) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  const auto cached = b.shuffle({b.source(2)}, 4);
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  c.submit(b.job(1, b.map(cached)));
  c.lose_executor(2, false);
  EXPECT_EQ(c.driver.cached_blocks(), 2U);
  c.finish_all();
  c.expect_job_succeeded(1, 4);
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
