#include "am/application_master.hpp"

#include "tests/support/probe.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace volley::am {
namespace {

using namespace protocol;
using ::testing::HasSubstr;

class ApplicationMasterTest : public ::testing::Test {
 protected:
  ContainerId id(std::uint64_t number) const { return {{1732060800, 1}, 1, number}; }
  ApplicationMaster::Options options() const {
    ApplicationMaster::Options options;
    options.launch.container = id(1);
    options.launch.application_master = {Role::application_master, 1, id(1)};
    options.launch.driver = {Role::driver, 1, id(1)};
    options.launch.submission.name = "app";
    options.tracking_address = "node1:4040";
    return options;
  }
  void accept() {
    ApplicationMasterAccepted accepted;
    accepted.total_slots = 8;
    accepted.rank_slots = 2;
    accepted.rank_memory = {1000};
    accepted.ranks = 4;
    am.on(accepted, rm, probe.outbox());
  }
  void request(std::uint32_t count, std::uint32_t cores = 1) {
    am.on(ExecutorsRequested{count, cores, {100}}, driver, probe.outbox());
  }
  void grant(std::initializer_list<std::uint64_t> numbers) {
    ContainersGranted granted;
    for (const auto number : numbers) {
      granted.containers.push_back(
          {id(number), {{static_cast<base::Rank>(number), 0, 1}}, {100}, 1});
    }
    am.on(granted, rm, probe.outbox());
  }
  void complete(std::uint64_t number, ContainerExit exit = {139, SIGSEGV, "", 0}) {
    am.on(ContainersCompleted{id(number), 0, static_cast<base::Rank>(number), exit}, rm,
          probe.outbox());
  }
  void unavailable(bool never) {
    am.on(ContainersUnavailable{1, 1, never, "numbers"}, rm, probe.outbox());
  }
  void tick(int ms) { am.tick(base::TimePoint{std::chrono::milliseconds{ms}}, probe.outbox()); }
  void registered_and_asked(std::uint32_t count) {
    am.start(probe.outbox());
    accept();
    request(count);
    probe.clear();
  }
  template <class M>
  M only() {
    const auto sent = probe.take<M>();
    EXPECT_EQ(sent.size(), 1U);
    return sent.empty() ? M{} : sent[0].message;
  }

  base::Log log{"test", base::LogLevel::off};
  ApplicationMaster am{options(), log};
  Address rm = at_rank(Role::resource_manager, 0);
  Address driver{Role::driver, 1, id(1)};
  testing::Probe probe{{Role::application_master, 1, id(1)}};
};

TEST_F(ApplicationMasterTest, RegistersOnce) {
  tick(0);
  am.start(probe.outbox());
  EXPECT_EQ(only<ApplicationMasterRegistered>().tracking_address, "node1:4040");
}

TEST_F(ApplicationMasterTest, ExecutorsOfNoSizeFitBesideADriverOfItsOwn) {
  constexpr std::uint64_t gibibyte = 1ULL << 30U;
  ApplicationMaster::Options apart = options();
  apart.launch.memory_limit = {gibibyte};
  apart.launch.driver = {Role::driver, 0, id(2)};
  apart.launch.submission.driver_memory = {4 * gibibyte};
  ApplicationMaster master{apart, log};
  master.start(probe.outbox());
  ApplicationMasterAccepted accepted;
  accepted.total_slots = accepted.rank_slots = accepted.ranks = 1;
  accepted.rank_memory = {8 * gibibyte};
  master.on(accepted, rm, probe.outbox());
  probe.clear();
  master.on(ExecutorsRequested{0, 0, {0}}, apart.launch.driver, probe.outbox());
  const auto asked = only<ContainersRequested>();
  ASSERT_EQ(asked.asks.size(), 1U);
  EXPECT_LE(asked.asks[0].memory.value, 3 * gibibyte);
}

TEST_F(ApplicationMasterTest, ForwardsARequestMadeBeforeTheRegistration) {
  request(3);
  am.start(probe.outbox());
  EXPECT_TRUE(probe.take<ContainersRequested>().empty());
  accept();
  const auto asked = only<ContainersRequested>();
  ASSERT_EQ(asked.asks.size(), 1U);
  EXPECT_EQ(asked.asks[0].count, 3U);
  EXPECT_EQ(asked.master, id(1));
}

TEST_F(ApplicationMasterTest, LaunchesWhatIsGrantedAndReturnsTheSurplus) {
  registered_and_asked(2);
  grant({2, 3, 4});
  const auto launches = probe.take<ContainerLaunchRequested>();
  ASSERT_EQ(launches.size(), 2U);
  EXPECT_EQ(launches[0].to, at_rank(Role::node_manager, 2));
  EXPECT_EQ(launches[0].message.launch.executor, 1U);
  EXPECT_EQ(launches[1].message.launch.executor, 2U);
  EXPECT_EQ(launches[1].message.launch.submission.name, "app");
  EXPECT_EQ(only<ContainersReleased>().containers, std::vector{id(4)});
  const auto told = only<ExecutorsNegotiated>();
  EXPECT_TRUE(told.final);
  EXPECT_EQ(told.granted, 2U);
}

TEST_F(ApplicationMasterTest, WaitsWhenNothingIsFreeYet) {
  registered_and_asked(2);
  unavailable(false);
  auto told = only<ExecutorsNegotiated>();
  EXPECT_FALSE(told.final);
  EXPECT_EQ(told.note, "numbers");
  grant({2, 3});
  told = only<ExecutorsNegotiated>();
  EXPECT_TRUE(told.final);
}

TEST_F(ApplicationMasterTest, SettlesForFewerAndTakesMoreLater) {
  registered_and_asked(3);
  grant({2, 3});
  EXPECT_TRUE(probe.take<ExecutorsNegotiated>().empty());
  unavailable(false);
  auto told = only<ExecutorsNegotiated>();
  EXPECT_TRUE(told.final);
  EXPECT_EQ(told.granted, 2U);
  EXPECT_EQ(told.requested, 3U);
  grant({4});
  EXPECT_EQ(only<ExecutorsNegotiated>().granted, 3U);
}

TEST_F(ApplicationMasterTest, TellsTheDriverWhenThereCanBeNone) {
  registered_and_asked(3);
  unavailable(true);
  const auto told = only<ExecutorsNegotiated>();
  EXPECT_TRUE(told.final);
  EXPECT_EQ(told.granted, 0U);
  EXPECT_THAT(told.note, HasSubstr("numbers"));
}

TEST_F(ApplicationMasterTest, AsManyAsFitStopsAskingForTheRest) {
  registered_and_asked(0);
  grant({2, 3});
  probe.clear();
  unavailable(false);
  EXPECT_EQ(only<ContainersRequested>().asks.at(0).count, 0U);
  const auto told = only<ExecutorsNegotiated>();
  EXPECT_EQ(told.granted, 2U);
  EXPECT_EQ(told.requested, 2U);
  EXPECT_EQ(told.note, "");
}

TEST_F(ApplicationMasterTest, ReplacesALostExecutor) {
  registered_and_asked(2);
  grant({2, 3});
  probe.clear();
  complete(3);
  const auto lost = only<ExecutorLost>();
  EXPECT_EQ(lost.executor, 2U);
  EXPECT_EQ(lost.rank, 3);
  EXPECT_TRUE(lost.caused_by_application);
  EXPECT_THAT(lost.reason, HasSubstr("container_1732060800_0001_01_000003 on rank 3 killed by "
                                     "signal 11 (SIGSEGV)"));
  EXPECT_EQ(only<ContainersRequested>().asks.at(0).count, 1U);
  complete(3);
  EXPECT_EQ(am.dropped(), 1U);
  grant({4});
  EXPECT_EQ(only<ContainerLaunchRequested>().launch.executor, 3U);
}

TEST_F(ApplicationMasterTest, GivesUpAtTheFailureLimit) {
  registered_and_asked(1);
  for (std::uint64_t number = 2; number < 10; ++number) {
    ASSERT_FALSE(am.finished());
    grant({number});
    complete(number);
  }
  EXPECT_TRUE(am.finished());
  const auto end = only<ApplicationUnregistered>();
  EXPECT_EQ(end.status, FinalStatus::failed);
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.diagnostics, HasSubstr("Max number of executor failures (8) reached"));
  EXPECT_THAT(end.diagnostics, HasSubstr("SIGSEGV"));
  EXPECT_TRUE(am.quiescent());
}

TEST_F(ApplicationMasterTest, UnregistersWithTheProgramsOutcome) {
  registered_and_asked(2);
  grant({2, 3});
  probe.clear();
  am.on(DriverFinished{FinalStatus::failed, "empty collection", 7}, driver, probe.outbox());
  const auto stops = probe.take<ContainerStopRequested>();
  ASSERT_EQ(stops.size(), 2U);
  EXPECT_EQ(stops[0].message.status, exit_stopped_by_am);
  const auto end = only<ApplicationUnregistered>();
  EXPECT_EQ(end.diagnostics, "empty collection");
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_TRUE(am.finished());
  EXPECT_TRUE(am.quiescent());
}

TEST_F(ApplicationMasterTest, ReportsProgressNowAndThen) {
  registered_and_asked(1);
  for (const float progress : {0.1F, 0.2F}) {
    am.on(DriverProgressed{progress}, driver, probe.outbox());
  }
  tick(0);
  EXPECT_FLOAT_EQ(only<ApplicationProgressReported>().progress, 0.2F);
  am.on(DriverProgressed{0.3F}, driver, probe.outbox());
  tick(999);
  EXPECT_EQ(probe.left(), 0U);
  tick(1000);
  EXPECT_FLOAT_EQ(only<ApplicationProgressReported>().progress, 0.3F);
  tick(2000);
  EXPECT_FLOAT_EQ(only<ApplicationProgressReported>().progress, 0.3F) << "it is the heartbeat";
}

TEST(ApplicationMasterInClientMode, DriverContainerMayEndBeforeItsLastMessageArrives) {
  for (const bool message_comes : {true, false}) {
    base::Log log("test", base::LogLevel::off);
    const ContainerId own{{17, 1}, 1, 1}, drivers{{17, 1}, 1, 2};
    ApplicationMaster::Options options;
    options.launch.container = own;
    options.launch.driver = {Role::driver, 0, drivers};
    ApplicationMaster am(options, log);
    testing::Probe probe({Role::application_master, 1, own});
    const Address rm = at_rank(Role::resource_manager, 0);
    const auto at = [](int ms) { return base::TimePoint{std::chrono::milliseconds{ms}}; };
    am.start(probe.outbox());
    am.on(ApplicationMasterAccepted{}, rm, probe.outbox());
    am.on(ContainersCompleted{drivers, 0, 0, {139, SIGSEGV, "", 0}}, rm, probe.outbox());
    am.tick(at(0), probe.outbox());
    EXPECT_FALSE(am.finished());
    if (message_comes) {
      am.on(DriverFinished{FinalStatus::succeeded, "", 0}, {Role::driver, 0, drivers},
            probe.outbox());
    }
    am.tick(at(200), probe.outbox());
    const auto ends = probe.take<ApplicationUnregistered>();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].message.status, message_comes ? FinalStatus::succeeded : FinalStatus::failed);
    EXPECT_EQ(ends[0].message.diagnostics.find("SIGSEGV") != std::string::npos, !message_comes);
  }
}

TEST_F(ApplicationMasterTest, DropsWhatComesAfterTheEnd) {
  am.on(DriverFinished{FinalStatus::succeeded, "", 0}, driver, probe.outbox());
  EXPECT_EQ(probe.take<ApplicationMasterRegistered>().size(), 1U) << "it must be known to leave";
  EXPECT_EQ(probe.take<ApplicationUnregistered>().size(), 1U);
  accept();
  request(1);
  unavailable(false);
  complete(2);
  am.on(DriverProgressed{1}, driver, probe.outbox());
  am.on(DriverFinished{FinalStatus::failed, "", 1}, driver, probe.outbox());
  tick(0);
  EXPECT_EQ(probe.left(), 0U);
  EXPECT_EQ(am.dropped(), 6U);
  grant({2});
  EXPECT_EQ(only<ContainersReleased>().containers, std::vector{id(2)});
}

}  // namespace
}  // namespace volley::am
