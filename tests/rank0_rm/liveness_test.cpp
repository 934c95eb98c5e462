// What the ResourceManager does about ranks and ApplicationMasters that are silent.

#include "rank0_rm/resource_manager.hpp"
#include "tests/support/probe.hpp"

#include <gtest/gtest.h>

namespace volley::rm {
namespace {

using namespace protocol;
using std::chrono::seconds;

class LivenessTest : public ::testing::Test {
 protected:
  LivenessTest() {
    for (base::Rank rank = 0; rank < 3; ++rank) {
      rm.on(NodeRegistered{"n", 0, 2, {1000}, "", 1}, at_rank(Role::node_manager, rank),
            probe.outbox());
    }
    tick(1);
    Submission submission;
    submission.driver_memory = {100};
    rm.on(ApplicationSubmitted{submission}, client, probe.outbox());
    rm.on(ApplicationMasterRegistered{own, ""}, master, probe.outbox());
    probe.take<ContainerStopRequested>();
  }
  static ResourceManager::Options options() {
    ResourceManager::Options options;
    options.expected_ranks = 3;
    options.cluster_start = 17;
    options.network_timeout = seconds{20};
    return options;
  }
  void tick(int second) { rm.tick(base::TimePoint{seconds{second}}, probe.outbox()); }
  /// Second by second, with the heartbeats of some.
  void pass(int from, int to, bool of_master, base::Rank silent = base::no_rank) {
    for (int second = from; second <= to; ++second) {
      tick(second);
      for (base::Rank rank = 0; rank < 3; ++rank) {
        if (rank == silent) continue;
        rm.on(NodeHeartbeat{}, at_rank(Role::node_manager, rank), probe.outbox());
      }
      if (of_master) rm.on(ApplicationProgressReported{own, 0}, master, probe.outbox());
    }
  }

  base::Log log{"test", base::LogLevel::off};
  ResourceManager rm{options(), log};
  volley::testing::Probe probe{at_rank(Role::resource_manager, 0)};
  Address client = at_rank(Role::client, 0);
  ContainerId own{{17, 1}, 1, 1};
  static constexpr base::Rank own_rank = 1;  ///< of the master
  Address master{Role::application_master, 1, own};
};

TEST_F(LivenessTest, ASilentApplicationMasterIsStoppedOnce) {
  pass(2, 60, true);
  EXPECT_TRUE(probe.take<ContainerStopRequested>().empty());
  pass(61, 100, false);
  const auto stops = probe.take<ContainerStopRequested>();
  ASSERT_EQ(stops.size(), 1U);
  EXPECT_EQ(stops[0].message.container, own);
  EXPECT_NE(stops[0].message.reason.find("volley.network.timeout"), std::string::npos);
}

TEST_F(LivenessTest, ASilentRankIsLostWithItsContainers) {
  ContainerAsk ask;
  ask.count = 4;
  ask.memory = {100};
  ask.priority = 1;
  rm.on(ContainersRequested{own, {ask}}, master, probe.outbox());
  pass(2, 60, true, 2);
  const auto completed = probe.take<ContainersCompleted>();
  ASSERT_FALSE(completed.empty());
  for (const auto& sent : completed) {
    EXPECT_EQ(sent.message.rank, 2);
    EXPECT_EQ(sent.message.exit.status, exit_node_lost);
  }
  const auto lost = probe.take<RankLost>();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].message.rank, 2);
  EXPECT_EQ(rm.capacity().total_slots(), 4U);
  // It comes back: it must end, since its work is done elsewhere.
  rm.on(NodeHeartbeat{}, at_rank(Role::node_manager, 2), probe.outbox());
  EXPECT_EQ(probe.take<NodeShutdownRequested>().size(), 1U);
}

TEST_F(LivenessTest, ARankThatMpiReportsAsFailedIsLostAtOnceAndOnce) {
  tick(2);
  rm.on(RankFailed{2, "its process has failed"}, at_rank(Role::node_manager, 1), probe.outbox());
  rm.on(RankFailed{2, "its process has failed"}, at_rank(Role::node_manager, 0), probe.outbox());
  const auto lost = probe.take<RankLost>();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_NE(lost[0].message.reason.find("its process has failed"), std::string::npos);
  const auto told = probe.take<PeerLost>();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].to.rank, 0);
  EXPECT_EQ(told[1].to.rank, 1);
  EXPECT_EQ(rm.dropped(), 1U);
}

TEST_F(LivenessTest, ItIsAloneWhenTheOthersAreLostOrHaveDeparted) {
  tick(2);
  rm.on(RankFailed{2, "failed"}, at_rank(Role::node_manager, 1), probe.outbox());
  EXPECT_FALSE(rm.alone());
  rm.on(NodeDeparted{}, at_rank(Role::node_manager, 1), probe.outbox());
  EXPECT_EQ(probe.take<NodeDismissed>().size(), 1U);
  EXPECT_TRUE(rm.alone());
  // Its silence is no loss.
  for (int second = 3; second < 60; ++second) tick(second);
  EXPECT_TRUE(probe.take<PeerLost>().size() == 2U);
}

TEST(ResourceManager, ARankThatFailsBeforeAllAreThereMakesTheClusterUnusable) {
  base::Log log{"test", base::LogLevel::off};
  ResourceManager::Options options;
  options.expected_ranks = 2;
  ResourceManager rm(options, log);
  volley::testing::Probe probe{at_rank(Role::resource_manager, 0)};
  rm.on(RankFailed{1, "has failed"}, at_rank(Role::node_manager, 0), probe.outbox());
  const auto ready = probe.take<ClusterReady>();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_NE(ready[0].message.problem.find("rank 1 has failed"), std::string::npos);
}

TEST_F(LivenessTest, AskThatALostRankMadeImpossibleIsRefusedThen) {
  ContainerAsk ask;
  ask.count = 2;
  ask.cores = 6;
  ask.memory = {300};
  rm.on(ContainersRequested{own, {ask}}, master, probe.outbox());
  auto said = probe.take<ContainersUnavailable>();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_FALSE(said[0].message.never) << "all six slots serve the first one now";
  pass(2, 60, true, 2);
  said = probe.take<ContainersUnavailable>();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(said[0].message.never) << "four slots are left";
}

TEST_F(LivenessTest, ARankThatIsLeavingGetsNoMoreContainersAndIsNotLost) {
  ContainerAsk ask;
  ask.cores = 1;
  ask.memory = {100};
  ask.count = 3;
  rm.on(ContainersRequested{own, {ask}}, master, probe.outbox());
  const std::uint32_t before = rm.capacity().at(2).used_slots;
  ASSERT_EQ(before, 1U);
  rm.on(NodeLeaving{"received SIGPWR"}, at_rank(Role::node_manager, 2), probe.outbox());
  ask.count = 6;
  ask.priority = 2;
  rm.on(ContainersRequested{own, {ask}}, master, probe.outbox());
  EXPECT_EQ(rm.capacity().at(2).used_slots, before) << "what runs there goes on";
  EXPECT_EQ(rm.capacity().free_slots(), 0U) << "the others are full";
  pass(2, 60, true);
  EXPECT_TRUE(probe.take<RankLost>().empty());
  EXPECT_TRUE(probe.take<NodeShutdownRequested>().empty());
}

TEST_F(LivenessTest, TheRankOfTheMasterMayLeaveWhileItAsksForExecutors) {
  rm.on(NodeLeaving{"received SIGPWR"}, at_rank(Role::node_manager, own_rank), probe.outbox());
  ContainerAsk ask;
  ask.cores = 1;
  ask.memory = {100};
  ask.count = 6;
  rm.on(ContainersRequested{own, {ask}}, master, probe.outbox());
  EXPECT_EQ(rm.capacity().at(own_rank).used_slots, 0U);
  EXPECT_EQ(rm.capacity().at(own_rank).used_memory, 100U) << "the master stays";
  EXPECT_EQ(rm.capacity().free_slots(), 0U) << "the others are full";
}

TEST_F(LivenessTest, AResourceManagerThatStoodStillAccusesNobody) {
  pass(2, 10, true);
  tick(500);
  EXPECT_TRUE(probe.take<ContainerStopRequested>().empty());
  EXPECT_TRUE(probe.take<RankLost>().empty());
}

}  // namespace
}  // namespace volley::rm
