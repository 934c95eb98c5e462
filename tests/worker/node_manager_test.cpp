#include "worker/node_manager.hpp"

#include "tests/support/probe.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <vector>

namespace volley::worker {
namespace {

using namespace protocol;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class FakeLauncher : public ContainerLauncher {
 public:
  base::Result<std::int64_t> start(const ContainerLaunch& launch) override {
    if (!failure.empty()) return base::Failure{failure};
    started.push_back(launch.container);
    return std::int64_t{4711};
  }
  void stop(const ContainerId& container, int signal) override {
    signals.emplace_back(container, signal);
  }
  std::vector<MemberMemory> measure(const std::vector<MemberLimit>& limits) override {
    std::vector<MemberMemory> measured;
    for (const MemberLimit& one : limits) measured.push_back({one.container, {{4711, used}}});
    return measured;
  }
  std::string failure;
  std::uint64_t used = 0;  ///< bytes by every member
  std::vector<ContainerId> started;
  std::vector<std::pair<ContainerId, int>> signals;
};

class NodeManagerTest : public ::testing::Test {
 protected:
  static NodeManager::Options options() {
    NodeManager::Options options;
    options.rank = 3;
    options.node = {"node7", 1, 4, {1000}, "", 99};
    options.memory_interval = std::chrono::seconds{1};
    return options;
  }
  static ContainerId id(std::uint64_t number) { return {{1732060800, 1}, 1, number}; }
  void launch(const ContainerId& container, std::uint64_t memory_limit = 0) {
    ContainerLaunch launch;
    launch.memory_limit = {memory_limit};
    launch.memory = {memory_limit / 2};
    launch.container = container;
    launch.executor = 2;
    launch.member = 1;
    launch.members = 2;
    manager.on(ContainerLaunchRequested{launch}, am, probe.outbox());
  }
  void stop(const ContainerId& container, std::int32_t status = exit_stopped_by_am) {
    manager.on(ContainerStopRequested{container, status, "enough"}, am, probe.outbox());
  }
  void exit(const ContainerId& container, ProcessEnd end) {
    manager.container_exited(container, end, probe.outbox());
  }
  /// The only exit reported since the last call.
  ContainerExited only_exit() {
    const auto exits = probe.take<ContainerExited>();
    EXPECT_EQ(exits.size(), 1U);
    if (exits.empty()) return {};
    EXPECT_EQ(exits[0].to, at_rank(Role::resource_manager, 0));
    return exits[0].message;
  }
  static base::TimePoint at(int ms) { return base::TimePoint{std::chrono::milliseconds{ms}}; }

  base::Log log{"test", base::LogLevel::off};
  FakeLauncher launcher;
  NodeManager manager{options(), launcher, log};
  testing::Probe probe{at_rank(Role::node_manager, 3)};
  Address am{Role::application_master, 1, id(1)};
  Address rm = at_rank(Role::resource_manager, 0);
};

TEST_F(NodeManagerTest, RegistersWhatItOffers) {
  manager.start(probe.outbox());
  const auto sent = probe.take<NodeRegistered>();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].to, rm);
  EXPECT_EQ(sent[0].message.host, "node7");
  EXPECT_EQ(sent[0].message.build_id, 99U);
}

TEST_F(NodeManagerTest, StartsAndReports) {
  launch(id(2));
  EXPECT_THAT(launcher.started, ElementsAre(id(2)));
  const auto started = probe.take<ContainerStarted>();
  ASSERT_EQ(started.size(), 1U);
  EXPECT_EQ(started[0].message.pid, 4711);
  EXPECT_EQ(started[0].message.member, 1U);
}

TEST_F(NodeManagerTest, ReportsWhatCannotStart) {
  launcher.failure = "no such file: app.so";
  launch(id(2));
  const ContainerExited exited = only_exit();
  EXPECT_EQ(exited.exit.status, exit_launch_failed);
  EXPECT_THAT(exited.exit.diagnostics, HasSubstr("no such file: app.so"));
  EXPECT_THAT(exited.exit.diagnostics, HasSubstr("rank 3 (node7)"));
  EXPECT_TRUE(manager.quiescent());
}

TEST_F(NodeManagerTest, MapsExitStatuses) {
  struct Row {
    ProcessEnd end;
    std::int32_t status;
    const char* words;
  };
  const Row rows[] = {
      {{0, 0, 0, ""}, 0, "exited with code 0"},
      {{3, 0, 0, ""}, 3, "exited with code 3"},
      {{0, SIGSEGV, 0, ""}, 139, "killed by signal 11 (SIGSEGV)"},
      {{0, SIGKILL, 2048, ""}, 137, "peak 2.0 KiB"},
      {{0, SIGABRT, 0, "in task 5"}, 134, "in task 5"},
  };
  for (const Row& row : rows) {
    launch(id(2));
    exit(id(2), row.end);
    const ContainerExited exited = only_exit();
    EXPECT_EQ(exited.exit.status, row.status);
    EXPECT_EQ(exited.exit.signal, row.end.signal);
    EXPECT_EQ(exited.exit.peak_memory, row.end.peak_memory);
    EXPECT_EQ(exited.member, 1U);
    EXPECT_THAT(exited.exit.diagnostics, HasSubstr(row.words));
    const auto freed = probe.take<ContainerMemoryReleased>();
    ASSERT_EQ(freed.size(), 1U);
    EXPECT_EQ(freed[0].to, at_rank(Role::shuffle_service, 3));
  }
  EXPECT_TRUE(manager.quiescent());
}

TEST_F(NodeManagerTest, StopsWithTermThenKill) {
  launch(id(2));
  stop(id(2));
  stop(id(2), exit_after_completion);  // the first one counts
  EXPECT_THAT(launcher.signals, ElementsAre(Pair(id(2), SIGTERM)));
  for (const int ms : {1000, 1249}) manager.tick(at(ms), probe.outbox());
  EXPECT_EQ(launcher.signals.size(), 1U);
  for (const int ms : {1250, 2000}) manager.tick(at(ms), probe.outbox());
  EXPECT_THAT(launcher.signals, ElementsAre(Pair(id(2), SIGTERM), Pair(id(2), SIGKILL)));
  exit(id(2), {0, SIGKILL, 0, ""});
  const ContainerExited exited = only_exit();
  EXPECT_EQ(exited.exit.status, exit_stopped_by_am);
  EXPECT_THAT(exited.exit.diagnostics, HasSubstr("stopped by its ApplicationMaster: enough"));
}

TEST_F(NodeManagerTest, MPI_005_KillsAContainerAboveItsMemory) {
  constexpr std::uint64_t mebibyte = 1U << 20U;
  launch(id(2), 100 * mebibyte);
  launch(id(3));
  launcher.used = 150 * mebibyte;
  manager.tick(at(1000), probe.outbox());
  manager.tick(at(1999), probe.outbox());
  EXPECT_TRUE(launcher.signals.empty()) << "one look at a new process is not enough";
  launcher.used = 120 * mebibyte;
  manager.tick(at(2000), probe.outbox());
  EXPECT_THAT(launcher.signals, ElementsAre(Pair(id(2), SIGTERM))) << "3 has no limit";
  manager.tick(at(2250), probe.outbox());
  EXPECT_EQ(launcher.signals.back(), (std::pair{id(2), SIGKILL}));
  exit(id(2), {0, SIGKILL, 0, ""});
  const ContainerExited exited = only_exit();
  EXPECT_EQ(exited.exit.status, exit_over_memory);
  EXPECT_THAT(exited.exit.diagnostics,
              HasSubstr("killed for exceeding physical memory limits: 120.0 MiB of 100.0 MiB "
                        "physical memory used, its peak 150.0 MiB (50.0 MiB for the executor, "
                        "50.0 MiB overhead). Consider boosting volley.executor.memoryOverhead or "
                        "--executor-memory"));
}

TEST_F(NodeManagerTest, TellsAKernelOutOfMemoryFromAKillBySomebody) {
  launch(id(2));
  exit(id(2), {0, SIGKILL, 0, "", true});
  EXPECT_THAT(only_exit().exit.diagnostics, HasSubstr("the kernel killed processes for want of"));
  launch(id(3));
  exit(id(3), {0, SIGKILL, 0, "", false});
  EXPECT_THAT(only_exit().exit.diagnostics, HasSubstr("a user or a batch system did"));
}

TEST_F(NodeManagerTest, StopThatOvertakesTheLaunchWins) {
  stop(id(2), exit_stopped_by_rm);
  EXPECT_EQ(only_exit().exit.status, exit_stopped_by_rm);
  EXPECT_FALSE(manager.quiescent());
  launch(id(2));
  EXPECT_TRUE(launcher.started.empty());
  EXPECT_TRUE(probe.take<ContainerExited>().empty()) << "it was answered already";
  EXPECT_TRUE(manager.quiescent());
  EXPECT_EQ(manager.dropped(), 1U);
}

TEST_F(NodeManagerTest, CleanupForgetsTheApplication) {
  stop(id(2));
  manager.on(ApplicationCleanupRequested{id(2).application}, rm, probe.outbox());
  EXPECT_TRUE(manager.quiescent());
  const auto removed = probe.take<ApplicationDataRemoved>();
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed[0].to, at_rank(Role::shuffle_service, 3));
  launch(id(2));
  stop(id(2));
  EXPECT_TRUE(launcher.started.empty()) << "a launch that comes after the application's end";
  EXPECT_EQ(manager.dropped(), 2U);
  EXPECT_TRUE(manager.quiescent());
}

TEST_F(NodeManagerTest, ShutsDownWhenItsContainersAreGone) {
  launch(id(2));
  manager.on(NodeShutdownRequested{5}, rm, probe.outbox());
  EXPECT_FALSE(manager.finished());
  launch(id(3));
  EXPECT_THAT(launcher.started, ElementsAre(id(2)));
  EXPECT_EQ(only_exit().exit.status, exit_stopped_by_rm);
  exit(id(2), {0, SIGTERM, 0, ""});
  EXPECT_EQ(only_exit().exit.status, exit_stopped_by_rm);
  EXPECT_TRUE(manager.finished());
  EXPECT_EQ(manager.exit_code(), 5);
  manager.on(NodeShutdownRequested{6}, rm, probe.outbox());
  EXPECT_EQ(manager.exit_code(), 5);
}

TEST_F(NodeManagerTest, ARankThatLeavesAnnouncesItsExecutorsAndTakesNothingNew) {
  launch(id(2));
  launch(id(3));
  probe.take<ContainerStarted>();
  manager.leave("received SIGPWR", probe.outbox());
  manager.leave("received SIGPWR", probe.outbox());
  const auto leaving = probe.take<NodeLeaving>();
  ASSERT_EQ(leaving.size(), 1U);
  EXPECT_EQ(leaving[0].to, rm);
  const auto told = probe.take<ExecutorDecommissioned>();
  ASSERT_EQ(told.size(), 1U) << "two members of one executor";
  EXPECT_EQ(told[0].message.executor, 2U);
  EXPECT_THAT(told[0].message.reason, HasSubstr("rank 3 (node7): received SIGPWR"));
  EXPECT_TRUE(launcher.signals.empty()) << "they finish what they run";
  launch(id(4));
  EXPECT_EQ(only_exit().exit.status, exit_stopped_by_rm);
  EXPECT_EQ(launcher.started.size(), 2U);
}

TEST_F(NodeManagerTest, DropsDuplicatesAndUnknownExits) {
  launch(id(2));
  launch(id(2));
  EXPECT_EQ(launcher.started.size(), 1U);
  exit(id(9), {});
  EXPECT_EQ(manager.dropped(), 2U);
}

TEST_F(NodeManagerTest, WithoutAnswersOfRank0ItStopsAllAndEnds) {
  NodeManager::Options watching = options();
  watching.network_timeout = std::chrono::seconds{10};
  NodeManager orphan{watching, launcher, log};
  ContainerLaunch first;
  first.container = id(1);
  orphan.on(ContainerLaunchRequested{first}, am, probe.outbox());
  int second = 0;
  const auto pass = [&](int seconds, bool answers) {
    for (int tenths = 0; tenths < seconds * 10; ++tenths) {
      orphan.tick(base::TimePoint{std::chrono::milliseconds{100 * ++second}}, probe.outbox());
      if (answers) {
        orphan.on(HeartbeatAnswered{}, at_rank(Role::resource_manager, 0), probe.outbox());
      }
    }
  };
  pass(60, true);
  EXPECT_FALSE(orphan.is_orphan());
  pass(9, false);
  EXPECT_FALSE(orphan.is_orphan());
  pass(2, false);
  EXPECT_TRUE(orphan.is_orphan());
  EXPECT_EQ(orphan.exit_code(), 70);
  EXPECT_FALSE(orphan.finished());
  EXPECT_FALSE(launcher.signals.empty());
  orphan.container_exited(id(1), {0, SIGTERM, 0, ""}, probe.outbox());
  EXPECT_TRUE(orphan.finished());
}

TEST_F(NodeManagerTest, TheShuffleServiceHearsOfALostPeer) {
  manager.on(PeerLost{1, "rank 1 was lost"}, at_rank(Role::resource_manager, 0), probe.outbox());
  const auto told = probe.take<SourceLost>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].message.rank, 1);
  EXPECT_EQ(told[0].to, at_rank(Role::shuffle_service, 3));
}

}  // namespace
}  // namespace volley::worker
