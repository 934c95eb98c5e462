#include "rank0_rm/resource_manager.hpp"

#include "tests/support/probe.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <functional>

namespace volley::rm {
namespace {

using namespace protocol;
using ::testing::HasSubstr;

/// A cluster of three ranks with 2 slots and 1000 bytes, and one application.
class Fixture {
 public:
  Fixture() {
    for (base::Rank rank = 0; rank < 3; ++rank) register_node(rank);
  }
  explicit Fixture(std::nullptr_t) {}

  void register_node(base::Rank rank, std::uint64_t build = 1) {
    rm.on(NodeRegistered{"n" + std::to_string(rank), 0, 2, {1000}, "", build},
          at_rank(Role::node_manager, rank), probe.outbox());
  }
  void submit(std::uint32_t cores = 0, std::uint64_t memory = 100, std::int32_t priority = 0,
              DeployMode mode = DeployMode::cluster) {
    Submission submission;
    submission.driver_cores = cores;
    submission.driver_memory = {memory};
    submission.priority = priority;
    submission.deploy_mode = mode;
    rm.on(ApplicationSubmitted{submission}, client, probe.outbox());
  }
  ContainerId id(std::uint64_t number, std::uint32_t attempt = 1, std::uint32_t app = 1) const {
    return {{17, app}, attempt, number};
  }
  void register_master(std::uint32_t app = 1, std::uint32_t attempt = 1) {
    rm.on(ApplicationMasterRegistered{id(1, attempt, app), "n1:4040"}, master, probe.outbox());
  }
  void ask(std::uint32_t count, std::uint32_t cores = 1, std::uint64_t memory = 100) {
    ContainerAsk one;
    one.count = count;
    one.cores = cores;
    one.memory = {memory};
    one.priority = 1;
    rm.on(ContainersRequested{id(1), {one}}, master, probe.outbox());
  }
  void exit(ContainerId container, base::Rank rank, ContainerExit how = {}) {
    rm.on(ContainerExited{container, 0, how}, at_rank(Role::node_manager, rank), probe.outbox());
  }
  void unregister(FinalStatus status = FinalStatus::succeeded, std::int32_t code = 0) {
    rm.on(ApplicationUnregistered{id(1), status, "why", code}, master, probe.outbox());
  }
  void kill(std::uint32_t app = 1) {
    rm.on(ApplicationKillRequested{{17, app}, "reason"}, client, probe.outbox());
  }
  void tick(int ms) { rm.tick(base::TimePoint{std::chrono::milliseconds{ms}}, probe.outbox()); }
  template <class M>
  M only() {
    const auto sent = probe.take<M>();
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? M{} : sent[0].message;
  }

  static ResourceManager::Options options() {
    ResourceManager::Options options;
    options.expected_ranks = 3;
    options.cluster_start = 17;
    options.client_mode_master_memory = {10};
    return options;
  }
  base::Log log{"test", base::LogLevel::off};
  ResourceManager rm{options(), log};
  testing::Probe probe{at_rank(Role::resource_manager, 0)};
  Address client = at_rank(Role::client, 0);
  Address master{Role::application_master, 1, {{17, 1}, 1, 1}};
};

TEST(ResourceManager, IsReadyWhenAllRanksAreThere) {
  Fixture f(nullptr);
  f.register_node(0);
  f.register_node(2);
  f.register_node(2);
  EXPECT_EQ(f.rm.dropped(), 1U);
  EXPECT_EQ(f.probe.left(), 0U);
  f.register_node(1);
  const auto ready = f.only<ClusterReady>();
  EXPECT_EQ(ready.ranks, 3U);
  EXPECT_EQ(ready.nodes, 1U);
  EXPECT_EQ(ready.slots, 6U);
  EXPECT_EQ(ready.memory.value, 3000U);
  EXPECT_EQ(ready.problem, "");
}

TEST(ResourceManager, AnotherBuildIsAProblem) {
  Fixture f(nullptr);
  f.register_node(0);
  f.register_node(1);
  f.register_node(2, 99);
  EXPECT_THAT(f.only<ClusterReady>().problem, HasSubstr("rank 2 on n2 runs another build"));
  f.submit();
  EXPECT_EQ(f.probe.take<ApplicationStateChanged>().back().message.state, ApplicationState::failed);
  EXPECT_TRUE(f.rm.quiescent());
}

TEST(ResourceManager, SaysWhichRanksAreMissing) {
  Fixture f(nullptr);
  f.register_node(1);
  f.tick(0);
  f.tick(59999);
  EXPECT_EQ(f.probe.left(), 0U);
  f.tick(60000);
  EXPECT_THAT(f.only<ClusterReady>().problem, HasSubstr("1 of 3 ranks registered within"));
}

TEST(ResourceManager, LaunchesTheMasterAwayFromRankZero) {
  Fixture f;
  f.submit();
  EXPECT_EQ(f.only<ApplicationStateChanged>().state, ApplicationState::accepted);
  const auto launches = f.probe.take<ContainerLaunchRequested>();
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(launches[0].to, at_rank(Role::node_manager, 1));
  const ContainerLaunch& launch = launches[0].message.launch;
  EXPECT_EQ(launch.container, f.id(1));
  EXPECT_TRUE(launch.runs_driver);
  EXPECT_EQ(launch.driver, (Address{Role::driver, 1, f.id(1)}));
  f.register_master();
  const auto running = f.only<ApplicationStateChanged>();
  EXPECT_EQ(running.state, ApplicationState::running);
  EXPECT_EQ(running.tracking_address, "n1:4040");
  EXPECT_EQ(f.only<ApplicationMasterAccepted>().rank_slots, 2U);
}

TEST(ResourceManager, ClientModeStartsTheDriverOnRankZeroAfterTheMaster) {
  Fixture f;
  f.submit(1, 100, 0, DeployMode::client);
  const auto first = f.only<ContainerLaunchRequested>();
  EXPECT_EQ(first.launch.kind, ContainerKind::application_master);
  EXPECT_EQ(first.launch.driver, (Address{Role::driver, 0, f.id(2)}));
  EXPECT_EQ(f.rm.capacity().at(0).used_slots, 1U);
  f.register_master();
  const auto second = f.probe.take<ContainerLaunchRequested>();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].to, at_rank(Role::node_manager, 0));
  EXPECT_EQ(second[0].message.launch.kind, ContainerKind::driver);
  f.exit(f.id(2), 0, {139, SIGSEGV, "", 0});
  EXPECT_EQ(f.only<ContainersCompleted>().container, f.id(2));
}

TEST(ResourceManager, RefusesAMasterThatNeverFits) {
  Fixture f;
  f.submit(0, 5000);
  const auto states = f.probe.take<ApplicationStateChanged>();
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[1].message.state, ApplicationState::failed);
  EXPECT_EQ(states[1].message.exit_code, 1);
  EXPECT_THAT(states[1].message.diagnostics, HasSubstr("the largest rank has 2 slots"));
  EXPECT_TRUE(f.rm.quiescent());
}

TEST(ResourceManager, QueueIsPriorityThenArrival) {
  Fixture f;
  f.submit(0, 1000);
  f.submit(0, 1000);
  EXPECT_EQ(f.probe.take<ContainerLaunchRequested>().size(), 2U);
  f.submit(0, 1000, 0);
  f.submit(0, 1000, 5);
  f.submit(0, 10, 0);
  EXPECT_TRUE(f.probe.take<ContainerLaunchRequested>().empty()) << "nobody passes the first";
  int first = 0, behind = 0;
  for (const auto& change : f.probe.take<ApplicationStateChanged>()) {
    first += change.message.diagnostics.starts_with("waiting for the ApplicationMaster's");
    behind += change.message.diagnostics.starts_with("waiting behind application_17_0004 (prio");
  }
  EXPECT_EQ(first, 2) << "once each for those that were the first to wait";
  EXPECT_EQ(behind, 2) << "and once for each that waits behind another";
  f.kill(1);
  f.exit(f.id(1, 1, 1), 1);
  EXPECT_EQ(f.only<ContainerLaunchRequested>().launch.container, f.id(1, 1, 4));
}

TEST(ResourceManager, GrantsAndSaysWhatIsMissing) {
  Fixture f;
  f.submit();
  f.register_master();
  f.probe.clear();
  f.ask(9);
  EXPECT_EQ(f.only<ContainersGranted>().containers.size(), 6U);
  const auto missing = f.only<ContainersUnavailable>();
  EXPECT_EQ(missing.missing, 3U);
  EXPECT_FALSE(missing.never);
  EXPECT_THAT(missing.reason, HasSubstr("wanted 9 executors of 1 core and 100 B; 6 granted; free "
                                        "now: 0 slots"));
  f.exit(f.id(2), 1, {1, 0, "", 0});
  EXPECT_EQ(f.only<ContainersCompleted>().exit.status, 1);
  EXPECT_EQ(f.only<ContainersGranted>().containers.size(), 1U) << "the open request is served";
  f.ask(0);
  f.exit(f.id(3), 2, {1, 0, "", 0});
  EXPECT_TRUE(f.probe.take<ContainersGranted>().empty()) << "the request was taken back";
}

TEST(ResourceManager, NeverCountsTheOwnMaster) {
  Fixture f;
  f.submit(2, 100);
  f.register_master();
  f.probe.clear();
  f.ask(1, 6);
  const auto answer = f.only<ContainersUnavailable>();
  EXPECT_TRUE(answer.never);
  EXPECT_EQ(answer.reason, "one needs 6 cores; the largest node has 4 to give");
  f.ask(1, 1, 2000);
  EXPECT_TRUE(f.only<ContainersUnavailable>().never);
}

TEST(ResourceManager, AContainerEndsAsAUnit) {
  Fixture f;
  f.submit();
  f.register_master();
  f.ask(1, 4);
  f.probe.clear();
  f.exit(f.id(2), 1, {139, SIGSEGV, "", 0});
  const auto stop = f.probe.take<ContainerStopRequested>();
  ASSERT_EQ(stop.size(), 1U);
  EXPECT_EQ(stop[0].to, at_rank(Role::node_manager, 2));
  EXPECT_EQ(stop[0].message.status, exit_stopped_by_rm);
  EXPECT_EQ(f.only<ContainersCompleted>().member, 0U);
  f.exit(f.id(2), 2, {exit_stopped_by_rm, 0, "", 0});
  EXPECT_EQ(f.only<ContainersCompleted>().member, 1U);
  EXPECT_EQ(f.rm.capacity().free_slots(), 6U);
}

TEST(ResourceManager, ReleasedContainersComeBackSilently) {
  Fixture f;
  f.submit();
  f.register_master();
  f.ask(1);
  f.probe.clear();
  f.rm.on(ContainersReleased{f.id(1), {f.id(2), f.id(7), f.id(1)}}, f.master, f.probe.outbox());
  EXPECT_EQ(f.only<ContainerStopRequested>().status, exit_stopped_by_am);
  EXPECT_EQ(f.rm.dropped(), 2U);
  f.exit(f.id(2), 1, {exit_stopped_by_am, 0, "", 0});
  EXPECT_EQ(f.probe.left(), 0U);
  EXPECT_EQ(f.rm.capacity().free_slots(), 6U);
}

TEST(ResourceManager, MPI_004_OneApplicationFailsAndTheOtherGoesOn) {
  Fixture f;
  for (std::uint32_t app = 1; app <= 2; ++app) {
    f.submit();
    f.register_master(app);
  }
  f.ask(3);
  const auto of_first = f.only<ContainersGranted>();
  ContainerAsk two;
  two.count = 2;
  two.memory = {100};
  f.rm.on(ContainersRequested{f.id(1, 1, 2), {two}}, f.master, f.probe.outbox());
  EXPECT_EQ(f.only<ContainersGranted>().containers.size(), 2U);
  f.unregister(FinalStatus::failed, 1);
  const auto stops = f.probe.take<ContainerStopRequested>();
  EXPECT_EQ(stops.size(), 3U);
  for (const auto& stop : stops) EXPECT_EQ(stop.message.container.application.number, 1U);
  for (const GrantedContainer& container : of_first.containers) {
    f.exit(container.id, container.members.front().rank);
  }
  f.exit(f.id(1), 1);
  EXPECT_EQ(f.rm.applications(), 1U);
  EXPECT_EQ(f.rm.containers(), 3U) << "the other one's master and executors";
  EXPECT_EQ(f.rm.capacity().free_slots(), 4U);
}

TEST(ResourceManager, EndsInOrder) {
  Fixture f;
  f.submit();
  f.register_master();
  f.ask(1);
  f.probe.clear();
  f.unregister(FinalStatus::failed);
  EXPECT_EQ(f.only<ContainerStopRequested>().status, exit_after_completion);
  f.exit(f.id(2), 1, {exit_after_completion, 0, "", 0});
  EXPECT_EQ(f.probe.left(), 0U) << "the master may still be writing its last words";
  f.tick(0);
  f.tick(999);
  EXPECT_EQ(f.probe.left(), 0U);
  f.tick(1000);
  EXPECT_EQ(f.only<ContainerStopRequested>().container, f.id(1));
  f.exit(f.id(1), 1);
  EXPECT_EQ(f.probe.take<ApplicationCleanupRequested>().size(), 3U);
  const auto end = f.only<ApplicationStateChanged>();
  EXPECT_EQ(end.state, ApplicationState::finished);
  EXPECT_EQ(end.final_status, FinalStatus::failed);
  EXPECT_EQ(end.exit_code, 1) << "failed without a code of its own";
  EXPECT_TRUE(f.rm.quiescent());
}

TEST(ResourceManager, UnregistrationMayComeAfterTheExit) {
  Fixture f;
  f.submit();
  f.register_master();
  f.exit(f.id(1), 1);
  f.tick(0);
  f.probe.clear();
  f.unregister();
  EXPECT_EQ(f.only<ApplicationStateChanged>().final_status, FinalStatus::succeeded);
  EXPECT_TRUE(f.rm.quiescent());
}

TEST(ResourceManager, AttemptsAreLimited) {
  Fixture f;
  f.submit();
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    EXPECT_EQ(f.only<ContainerLaunchRequested>().launch.container, f.id(1, attempt));
    f.register_master(1, attempt);
    f.exit(f.id(1, attempt), 1, {attempt == 1 ? 139 : 3, attempt == 1 ? SIGSEGV : 0, "", 0});
    f.tick(1000 * static_cast<int>(attempt));
    f.tick(1000 * static_cast<int>(attempt) + 200);
  }
  const auto states = f.probe.take<ApplicationStateChanged>();
  EXPECT_THAT(states[2].message.diagnostics, HasSubstr("signal 11 (SIGSEGV)"));
  EXPECT_EQ(states.back().message.state, ApplicationState::failed);
  EXPECT_EQ(states.back().message.exit_code, 3) << "the application's own code";
  EXPECT_THAT(states.back().message.diagnostics, HasSubstr("exited with code 3"));
  EXPECT_TRUE(f.rm.quiescent());
}

TEST(ResourceManager, ProgressReachesTheClient) {
  Fixture f;
  f.submit();
  f.register_master();
  f.rm.on(ApplicationProgressReported{f.id(1), 0.5F}, f.master, f.probe.outbox());
  EXPECT_FLOAT_EQ(f.only<ApplicationProgressed>().progress, 0.5F);
}

/// Phase x message: which are taken, which are recognised as late and dropped.
TEST(ResourceManager, TakesWhatFitsThePhase) {
  using Step = std::function<void(Fixture&)>;
  const Step to_waiting = [](Fixture& f) {
    f.submit(0, 1000);
    f.kill();  // its master's container holds the memory until it has exited
  };
  const std::vector<std::pair<const char*, Step>> phases = {
      {"none", [](Fixture&) {}},
      {"launched", [](Fixture& f) { f.submit(); }},
      {"running", [](Fixture& f) { f.submit(), f.register_master(), f.ask(1); }},
      {"ending", [](Fixture& f) { f.submit(), f.register_master(), f.ask(1), f.exit(f.id(1), 1); }},
      {"completing", [](Fixture& f) { f.submit(), f.register_master(), f.ask(1), f.unregister(); }},
      {"killed", to_waiting},
  };
  struct Row {
    const char* message;
    Step send;
    const char* taken;  ///< by phase, in the order above
  };
  const Row rows[] = {
      {"registered", [](Fixture& f) { f.register_master(); }, "010000"},
      {"asked", [](Fixture& f) { f.ask(1); }, "001000"},
      {"unregistered", [](Fixture& f) { f.unregister(); }, "001100"},
      {"killed", [](Fixture& f) { f.kill(); }, "011100"},
      {"executor exited",
       [](Fixture& f) {
         f.exit(f.id(2), 2);
         f.exit(f.id(2), 1);
       },
       "000000"},
      {"master exited", [](Fixture& f) { f.exit(f.id(1), 1); }, "011011"},
      {"wrong attempt exited", [](Fixture& f) { f.exit(f.id(1, 2), 1); }, "000000"},
      {"progress",
       [](Fixture& f) {
         f.rm.on(ApplicationProgressReported{f.id(1), 0}, f.master, f.probe.outbox());
       },
       "001000"},
      {"started",
       [](Fixture& f) {
         f.rm.on(ContainerStarted{f.id(1), 0, 1}, at_rank(Role::node_manager, 1), f.probe.outbox());
       },
       "011011"},
      {"released",
       [](Fixture& f) {
         f.rm.on(ContainersReleased{f.id(1), {}}, f.master, f.probe.outbox());
       },
       "001111"},
      {"node again", [](Fixture& f) { f.register_node(1); }, "000000"},
  };
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < phases.size(); ++i) {
      Fixture f;
      phases[i].second(f);
      const auto before = f.rm.dropped();
      row.send(f);
      const bool dropped = f.rm.dropped() > before;
      EXPECT_EQ(dropped, row.taken[i] == '0') << row.message << " in " << phases[i].first;
    }
  }
}

}  // namespace
}  // namespace volley::rm
