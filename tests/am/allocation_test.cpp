// The ApplicationMaster as YARN's allocator: what is running, pending, released and counted.

#include "am/application_master.hpp"
#include "tests/support/probe.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace volley::am {
namespace {

using namespace protocol;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Allocator : public ::testing::Test {
 protected:
  static ContainerId id(std::uint64_t number) { return {{1732060800, 1}, 1, number}; }
  static ApplicationMaster::Options options() {
    ApplicationMaster::Options options;
    options.launch.container = id(1);
    options.launch.application_master = {Role::application_master, 1, id(1)};
    options.launch.driver = {Role::driver, 1, id(1)};
    options.launch.submission.executor_label = "gpu";
    options.failures_validity = std::chrono::seconds{100};
    options.node_health.enabled = true;
    options.node_health.max_failures = 1;
    return options;
  }
  void SetUp() override {
    am.start(probe.outbox());
    ApplicationMasterAccepted accepted;
    accepted.total_slots = 8;
    accepted.rank_slots = 2;
    accepted.rank_memory = {1000};
    accepted.ranks = 4;
    accepted.nodes = 2;
    am.on(accepted, rm, probe.outbox());
  }
  /// The program's need, which changes.
  void want(std::uint32_t count) {
    ExecutorsRequested request{count, 1, {100}, {{20}, 0, {0}}};
    request.exact = true;
    am.on(request, driver, probe.outbox());
  }
  void grant(std::initializer_list<std::uint64_t> numbers) {
    ContainersGranted granted;
    for (const auto number : numbers) {
      const auto rank = static_cast<base::Rank>(number % 4);
      granted.containers.push_back(
          {id(number), {{rank, static_cast<std::uint32_t>(rank) / 2, 1}}, {120}, 1});
    }
    am.on(granted, rm, probe.outbox());
  }
  void complete(std::uint64_t number, std::int32_t status) {
    const ContainerExit exit{status, 0, "", 0};
    am.on(ContainersCompleted{id(number), 0, static_cast<base::Rank>(number % 4), exit}, rm,
          probe.outbox());
  }
  void release(std::vector<base::ExecutorId> executors) {
    am.on(ExecutorsReleased{std::move(executors)}, driver, probe.outbox());
  }
  void tick(int seconds) {
    am.tick(base::TimePoint{std::chrono::seconds{seconds}}, probe.outbox());
  }
  /// Containers that the ResourceManager was asked for last.
  std::uint32_t asked() {
    const auto asks = probe.take<ContainersRequested>();
    return asks.empty() ? 9999 : asks.back().message.asks.at(0).count;
  }

  base::Log log{"test", base::LogLevel::off};
  ApplicationMaster am{options(), log};
  Address rm = at_rank(Role::resource_manager, 0);
  Address driver{Role::driver, 1, id(1)};
  testing::Probe probe{{Role::application_master, 1, id(1)}};
};

TEST_F(Allocator, YARN_001_SingleContainerAllocated) {
  want(1);
  EXPECT_EQ(am.pending(), 1U);
  grant({2});
  EXPECT_EQ(am.executors(), 1U);
  EXPECT_EQ(am.pending(), 0U);
  const auto launches = probe.take<ContainerLaunchRequested>();
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(launches[0].to, at_rank(Role::node_manager, 2));
  EXPECT_EQ(launches[0].message.launch.memory.value, 100U) << "without the overhead";
  EXPECT_EQ(launches[0].message.launch.memory_limit.value, 120U);
}

TEST_F(Allocator, YARN_002_SomeContainersAllocated) {
  want(4);
  const auto asks = probe.take<ContainersRequested>();
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].message.asks.at(0).count, 4U);
  EXPECT_EQ(asks[0].message.asks.at(0).memory.value, 120U);
  EXPECT_EQ(asks[0].message.asks.at(0).label, "gpu");
  grant({2, 6, 3});
  EXPECT_EQ(am.executors(), 3U);
  EXPECT_EQ(am.pending(), 1U);
}

TEST_F(Allocator, YARN_004_WhatIsMoreThanRequestedIsReleased) {
  want(1);
  grant({2, 3});
  EXPECT_EQ(am.executors(), 1U);
  const auto released = probe.take<ContainersReleased>();
  ASSERT_EQ(released.size(), 1U);
  EXPECT_THAT(released[0].message.containers, ElementsAre(id(3)));
}

TEST_F(Allocator, YARN_006_FewerThanRunStopsAskingAndKeepsThem) {
  want(4);
  grant({2, 3});
  want(1);
  EXPECT_EQ(am.pending(), 0U);
  EXPECT_EQ(asked(), 0U);
  EXPECT_EQ(am.executors(), 2U);
  EXPECT_TRUE(probe.take<ContainersReleased>().empty());
}

TEST_F(Allocator, YARN_007_ReleasedExecutorsAreReplacedUpToTheTotal) {
  want(2);
  grant({2, 3});
  want(1);
  probe.clear();
  release({1, 2});
  EXPECT_EQ(am.executors(), 0U);
  EXPECT_EQ(am.pending(), 1U);
  EXPECT_EQ(asked(), 1U);
  const auto released = probe.take<ContainersReleased>();
  ASSERT_EQ(released.size(), 1U);
  EXPECT_THAT(released[0].message.containers, ElementsAre(id(2), id(3)));
}

TEST_F(Allocator, YARN_008_ReleasedOrCompletedTwiceCountsOnce) {
  want(2);
  grant({2, 3});
  probe.clear();
  release({1, 1});
  release({1});
  EXPECT_EQ(am.executors(), 1U);
  EXPECT_EQ(probe.take<ContainersReleased>().size(), 1U);
  complete(3, 1);
  complete(3, 1);
  complete(2, exit_stopped_by_am);
  EXPECT_EQ(am.executors(), 0U);
  EXPECT_EQ(am.failures(), 1U);
  EXPECT_EQ(probe.take<ExecutorLost>().size(), 1U);
  EXPECT_EQ(am.dropped(), 4U);
}

TEST_F(Allocator, YARN_009_LostExecutorsAreReplaced) {
  want(2);
  grant({2, 3});
  probe.clear();
  complete(2, -1);
  EXPECT_EQ(am.pending(), 1U);
  complete(3, -1);
  EXPECT_EQ(am.executors(), 0U);
  EXPECT_EQ(probe.take<ExecutorLost>().size(), 2U);
  EXPECT_EQ(am.failures(), 2U);
}

TEST_F(Allocator, YARN_011_FailuresAreForgottenAfterTheirInterval) {
  want(2);
  grant({2, 5});
  tick(0);
  complete(2, 1);
  EXPECT_EQ(am.failures(), 1U);
  tick(101);
  EXPECT_EQ(am.failures(), 0U);
  complete(5, 1);
  EXPECT_EQ(am.failures(), 1U);
}

TEST_F(Allocator, YARN_012_WhatTheClusterEndedIsReplacedAndNotCounted) {
  want(1);
  std::uint64_t number = 2;
  for (const std::int32_t status : {exit_preempted, exit_node_lost, exit_stopped_by_rm, 0}) {
    grant({number});
    complete(number++, status);
    EXPECT_EQ(am.failures(), 0U) << status;
    EXPECT_EQ(asked(), 1U) << status;
  }
}

TEST_F(Allocator, YARN_013_NothingCountsAfterTheEnd) {
  want(2);
  grant({2, 3});
  complete(2, -1);
  EXPECT_EQ(am.failures(), 1U);
  am.on(DriverFinished{FinalStatus::succeeded, "", 0}, driver, probe.outbox());
  complete(3, -1);
  EXPECT_EQ(am.failures(), 1U);
}

TEST_F(Allocator, YARN_025_AvoidsANodeWhereExecutorsFail) {
  want(1);
  tick(0);
  for (const std::uint64_t number : {2, 3}) {  // both on node 1
    grant({number});
    probe.clear();
    complete(number, 1);
  }
  auto asks = probe.take<ContainersRequested>();
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_THAT(asks[0].message.asks.at(0).excluded_nodes, ElementsAre(1));
  tick(3600);
  asks = probe.take<ContainersRequested>();
  ASSERT_EQ(asks.size(), 1U) << "the open request is renewed when the node may be used again";
  EXPECT_TRUE(asks[0].message.asks.at(0).excluded_nodes.empty());
}

TEST_F(Allocator, YARN_025_AllNodesExcludedFailsTheApplication) {
  want(1);
  for (const std::uint64_t number : {2, 3, 4, 5}) {
    grant({number});
    probe.clear();
    complete(number, 1);
  }
  const auto end = probe.take<ApplicationUnregistered>();
  ASSERT_EQ(end.size(), 1U);
  EXPECT_EQ(end[0].message.status, FinalStatus::failed);
  EXPECT_THAT(end[0].message.diagnostics,
              HasSubstr("Due to executor failures all available nodes are excluded (2 nodes)"));
}

TEST_F(Allocator, TheReasonOfALossNamesTheStagesThatRan) {
  want(1);
  grant({2});
  am.on(DriverProgressed{0.5F, "stage 3 (map at main.cpp:4)"}, driver, probe.outbox());
  complete(2, exit_over_memory);
  const auto lost = probe.take<ExecutorLost>();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_TRUE(lost[0].message.caused_by_application);
  EXPECT_THAT(lost[0].message.reason, HasSubstr("killed for exceeding physical memory limits; "
                                                "running then: stage 3 (map at main.cpp:4)"));
}

TEST_F(Allocator, ExecutorsThatCanNeverComeBackFailTheApplication) {
  am.on(ExecutorsRequested{2, 1, {100}}, driver, probe.outbox());
  grant({2, 3});
  complete(2, exit_node_lost);
  am.on(ContainersUnavailable{1, 1, true, "numbers"}, rm, probe.outbox());
  EXPECT_FALSE(am.finished()) << "one is left";
  complete(3, exit_node_lost);
  am.on(ContainersUnavailable{1, 2, true, "numbers"}, rm, probe.outbox());
  EXPECT_TRUE(am.finished());
}

TEST_F(Allocator, ANeedThatCanNeverBeMetFailsTheApplication) {
  want(1);
  am.on(ContainersUnavailable{1, 1, false, "busy"}, rm, probe.outbox());
  EXPECT_FALSE(am.finished());
  am.on(ContainersUnavailable{1, 1, true, "numbers"}, rm, probe.outbox());
  EXPECT_TRUE(am.finished());
  EXPECT_THAT(probe.take<ApplicationUnregistered>().at(0).message.diagnostics,
              HasSubstr("no executor can be granted: numbers"));
}

}  // namespace
}  // namespace volley::am
