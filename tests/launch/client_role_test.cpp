#include "launch/client_role.hpp"

#include "tests/support/probe.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace volley::launch {
namespace {

using namespace protocol;

class ClientRoleTest : public ::testing::Test {
 protected:
  static ClientRole::Options options() {
    ClientRole::Options options;
    options.ranks = 3;
    options.submission.name = "app";
    return options;
  }
  void ready(std::string problem = {}) {
    client.on(ClusterReady{3, 1, 3, {100}, std::move(problem)}, rm, probe.outbox());
  }
  void change(ApplicationState state, FinalStatus status = FinalStatus::undefined, int code = 0) {
    client.on(ApplicationStateChanged{id, state, status, "", "why", code}, rm, probe.outbox());
  }
  void expect_shutdown(std::int32_t code) {
    EXPECT_EQ(client.exit_code(), code);
    const auto sent = probe.take<NodeShutdownRequested>();
    ASSERT_EQ(sent.size(), 3U);
    for (base::Rank rank = 0; rank < 3; ++rank) {
      EXPECT_EQ(sent[static_cast<std::size_t>(rank)].to, at_rank(Role::node_manager, rank));
      EXPECT_EQ(sent[static_cast<std::size_t>(rank)].message.exit_code, code);
    }
  }

  base::Log log{"test", base::LogLevel::off};
  base::ApplicationId id{1732060800, 1};
  Address rm = at_rank(Role::resource_manager, 0);
  std::optional<ClientRole> client_{std::in_place, options(), log};
  ClientRole& client = *client_;
  testing::Probe probe{at_rank(Role::client, 0)};
};

TEST_F(ClientRoleTest, SubmitsWhenTheClusterIsReady) {
  EXPECT_EQ(probe.left(), 0U);
  ready();
  const auto sent = probe.take<ApplicationSubmitted>();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].message.submission.name, "app");
  EXPECT_FALSE(client.exit_code());
}

TEST_F(ClientRoleTest, UnusableClusterIsAnInternalError) {
  ready("rank 1 runs another build");
  EXPECT_TRUE(probe.take<ApplicationSubmitted>().empty());
  expect_shutdown(70);
}

TEST_F(ClientRoleTest, FinalStatesDecideTheExitCode) {
  struct Row {
    ApplicationState state;
    FinalStatus status;
    std::int32_t reported, expected;
  };
  const Row rows[] = {
      {ApplicationState::finished, FinalStatus::succeeded, 0, 0},
      {ApplicationState::finished, FinalStatus::undefined, 0, 0},
      {ApplicationState::finished, FinalStatus::failed, 5, 5},
      {ApplicationState::finished, FinalStatus::failed, 0, 1},
      {ApplicationState::finished, FinalStatus::failed, 256, 1},
      {ApplicationState::finished, FinalStatus::failed, -512, 1},
      {ApplicationState::failed, FinalStatus::failed, 0, 1},
      {ApplicationState::killed, FinalStatus::killed, 1, 1},
  };
  for (const Row& row : rows) {
    client_.emplace(options(), log);
    ready();
    change(ApplicationState::accepted);
    change(ApplicationState::running);
    EXPECT_FALSE(client.exit_code());
    change(row.state, row.status, row.reported);
    expect_shutdown(row.expected);
    probe.clear();
  }
}

TEST_F(ClientRoleTest, KillsWhereverTheApplicationIs) {
  client.kill("signal", probe.outbox());
  expect_shutdown(1);

  client_.emplace(options(), log);
  ready();
  client.kill("signal", probe.outbox());
  EXPECT_TRUE(probe.take<ApplicationKillRequested>().empty()) << "it has no id yet";
  change(ApplicationState::accepted);
  auto kills = probe.take<ApplicationKillRequested>();
  ASSERT_EQ(kills.size(), 1U);
  EXPECT_EQ(kills[0].message.application, id);
  EXPECT_EQ(kills[0].message.reason, "signal");

  client.kill("again", probe.outbox());
  EXPECT_EQ(probe.take<ApplicationKillRequested>().size(), 1U);
  change(ApplicationState::killed, FinalStatus::killed, 1);
  client.kill("too late", probe.outbox());
  EXPECT_TRUE(probe.take<ApplicationKillRequested>().empty());
}

TEST_F(ClientRoleTest, DrainedApplicationsEndWith75) {
  const auto drain = [&] { client.drain("signal", std::chrono::seconds{5}, probe.outbox()); };
  drain();
  expect_shutdown(75);

  client_.emplace(options(), log);
  ready();
  change(ApplicationState::accepted);
  drain();
  EXPECT_EQ(probe.take<ApplicationKillRequested>().size(), 1U) << "there is nothing to finish";
  change(ApplicationState::killed, FinalStatus::killed, 1);
  expect_shutdown(75);

  client_.emplace(options(), log);
  ready();
  change(ApplicationState::running);
  drain();
  drain();
  const auto sent = probe.take<ApplicationDrainRequested>();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].message.application, id);
  EXPECT_EQ(sent[0].message.grace, std::chrono::seconds{5});
  change(ApplicationState::finished, FinalStatus::failed, 75);
  EXPECT_FALSE(client.succeeded());
  expect_shutdown(75);
}

TEST_F(ClientRoleTest, AnApplicationThatEndsWhileDrainingHasItsOwnCode) {
  ready();
  change(ApplicationState::running);
  client.drain("signal", std::chrono::seconds{5}, probe.outbox());
  probe.clear();
  change(ApplicationState::finished, FinalStatus::succeeded, 0);
  EXPECT_TRUE(client.succeeded());
  expect_shutdown(0);
}

TEST_F(ClientRoleTest, OneThatDoesNotEndInTimeIsKilled) {
  const auto tick = [&](int second) {
    client.tick(base::TimePoint{std::chrono::seconds{second}}, probe.outbox());
  };
  ready();
  change(ApplicationState::running);
  tick(100);
  client.drain("signal", std::chrono::seconds{5}, probe.outbox());
  tick(101);
  tick(115);
  EXPECT_TRUE(probe.take<ApplicationKillRequested>().empty());
  tick(116);
  tick(117);
  EXPECT_EQ(probe.take<ApplicationKillRequested>().size(), 1U);
  change(ApplicationState::killed, FinalStatus::killed, 1);
  expect_shutdown(75);
}

TEST_F(ClientRoleTest, AFinishedApplicationIsNotRunAgain) {
  auto finished = options();
  finished.finished_before = 0;
  client_.emplace(finished, log);
  ready();
  EXPECT_TRUE(probe.take<ApplicationSubmitted>().empty());
  expect_shutdown(0);

  auto impossible = options();
  impossible.problem = "no directory";
  client_.emplace(impossible, log);
  ready();
  EXPECT_TRUE(probe.take<ApplicationSubmitted>().empty());
  expect_shutdown(2);
}

TEST_F(ClientRoleTest, DropsWhatIsNotForItsState) {
  change(ApplicationState::accepted);
  client.on(ApplicationProgressed{id, 0.5F}, rm, probe.outbox());
  EXPECT_EQ(client.dropped(), 2U);
  ready();
  ready();
  EXPECT_EQ(client.dropped(), 3U);
  change(ApplicationState::running);
  id.number = 2;
  change(ApplicationState::finished);
  EXPECT_EQ(client.dropped(), 4U);
  client.on(ApplicationProgressed{id, 0.5F}, rm, probe.outbox());
  EXPECT_FLOAT_EQ(client.progress(), 0.5F);
}

}  // namespace
}  // namespace volley::launch
