// The driver's beginning and end: executors, the program, the AM.

#include "driver/executor_startup.hpp"
#include "fake_cluster.hpp"
#include "lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

using protocol::ExecutorsNegotiated;
using protocol::ExecutorsReady;

void start(FakeCluster& c, std::uint32_t count) {
  protocol::Outbox outbox(driver_address);
  c.driver.start({count, 1, {}}, outbox);
  EXPECT_EQ(outbox.take().size(), 1U);
}

TEST(DriverStart, ReadyWhenAllGrantedExecutorsHaveRegistered) {
  FakeCluster c;
  start(c, 3);
  c.send(master_address, ExecutorsNegotiated{3, 2, 1, true, "only 2 fit"});
  c.add_executor(1, 1, 2);
  EXPECT_TRUE(c.program<ExecutorsReady>().empty());
  c.add_executor(2, 11, 2);
  ASSERT_EQ(c.program<ExecutorsReady>().size(), 1U);
  EXPECT_EQ(c.program<ExecutorsReady>()[0].executors, 2U);
  EXPECT_EQ(c.program<ExecutorsReady>()[0].slots, 4U);
}

TEST(DriverStart, EightyPercentAreEnoughAfterTheWait) {
  FakeCluster c;
  start(c, 5);
  c.send(master_address, ExecutorsNegotiated{5, 5, 1, true, ""});
  for (base::ExecutorId id = 1; id <= 4; ++id) c.add_executor(id, static_cast<int>(id), 1);
  c.tick(seconds{29});
  EXPECT_TRUE(c.program<ExecutorsReady>().empty());
  c.tick(seconds{1});
  EXPECT_EQ(c.program<ExecutorsReady>().size(), 1U);
}

TEST(DriverStart, ExecutorsThatAreReleasedBeforeTheProgramBeginsAreNotAwaited) {
  ExecutorStartup startup;
  startup.begin({});
  startup.on(ExecutorsNegotiated{3, 3, 1, true, ""});
  const auto decide = [&](std::uint32_t registered, std::uint32_t wanted) {
    return startup.decide(registered, wanted, registered, {}, seconds{30}, 0.8);
  };
  EXPECT_FALSE(decide(1, 3).has_value());
  const auto ready = decide(1, 1);
  ASSERT_TRUE(ready.has_value());
  EXPECT_EQ(ready->error, "");
}

TEST(DriverStart, NoExecutorAtAllIsAnErrorWithTheReason) {
  FakeCluster c;
  start(c, 2);
  c.send(master_address, ExecutorsNegotiated{2, 0, 1, true, "64 cores wanted, 2 there"});
  ASSERT_EQ(c.program<ExecutorsReady>().size(), 1U);
  EXPECT_NE(c.program<ExecutorsReady>()[0].error.find("64 cores wanted"), std::string::npos);
}

TEST(DriverStart, AnExecutorLostBeforeReadyDoesNotCount) {
  FakeCluster c;
  start(c, 2);
  c.send(master_address, ExecutorsNegotiated{2, 2, 1, true, ""});
  c.add_executor(1, 1, 1);
  c.lose_executor(1);
  c.add_executor(2, 2, 1);
  EXPECT_TRUE(c.program<ExecutorsReady>().empty());
  c.add_executor(3, 1, 1);
  EXPECT_EQ(c.program<ExecutorsReady>().size(), 1U);
}

TEST(DriverStart, AnotherBuildIsIgnored) {
  FakeCluster c;
  const Address from{Role::executor, 1, {{1, 1}, 1, 2}};
  c.send(from, protocol::ExecutorRegistered{1, 0, 1, "host0", 0, 4, 100, 8, {}});
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  EXPECT_EQ(c.launched, 0U);
}

TEST(DriverStart, AnExecutorOfTwoMembersTakesTasksWhenBothRegistered) {
  FakeCluster c;
  LineageBuilder b;
  c.submit(b.job(0, b.source(2)));
  const auto launched = [&](base::Rank rank) {
    return c
        .received<protocol::TaskLaunched, protocol::ExecutorMessage>(
            {Role::executor, rank, {{1, 1}, 1, 2}})
        .size();
  };
  c.send({Role::executor, 1, {{1, 1}, 1, 2}},
         protocol::ExecutorRegistered{1, 0, 2, "host0", 0, 1, 100, 7, {}});
  EXPECT_EQ(launched(1), 0U);
  c.send({Role::executor, 2, {{1, 1}, 1, 2}},
         protocol::ExecutorRegistered{1, 1, 2, "host0", 0, 1, 101, 7, {}});
  EXPECT_EQ(launched(1), 1U);
  EXPECT_EQ(launched(2), 1U);
}

TEST(DriverStart, TheEndOfTheProgramEndsJobsAndTellsTheMaster) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  c.send(program_address, protocol::ProgramFinished{1, "std::runtime_error: no"});
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_FALSE(c.job_end(0)->succeeded);
  const auto finished =
      c.received<protocol::DriverFinished, protocol::ApplicationMasterMessage>(master_address);
  ASSERT_EQ(finished.size(), 1U);
  EXPECT_EQ(finished[0].status, protocol::FinalStatus::failed);
  EXPECT_EQ(finished[0].diagnostics, "std::runtime_error: no");
  EXPECT_TRUE(c.driver.stopped());
  c.submit(b.job(1, b.source(1)));
  EXPECT_EQ(c.driver.late_messages(), 1U);
}

TEST(DriverStart, ProgressReachesTheMaster) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.source(4)));
  c.finish(0);
  c.tick(seconds{1});
  const auto progress =
      c.received<protocol::DriverProgressed, protocol::ApplicationMasterMessage>(master_address);
  ASSERT_EQ(progress.size(), 2U) << "the first tick's heartbeat, and what is done";
  EXPECT_FLOAT_EQ(progress[1].progress, 0.25F);
  ASSERT_EQ(c.driver.progress().stages.size(), 1U);
  EXPECT_EQ(c.driver.progress().stages[0].running, 3U);
  EXPECT_EQ(c.driver.progress().stages[0].done, 1U);
}

}  // namespace
}  // namespace volley::driver::testing
