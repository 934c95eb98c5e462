// Whole lives of applications over ResourceManager, NodeManagers, ApplicationMaster and client,
// each under many orders of delivery. At the end of each, every table is empty.

#include "tests/launch/cluster_world.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace volley::testing {
namespace {

using ::testing::HasSubstr;

constexpr unsigned seeds = 60;

template <class Body>
void for_seeds(ClusterWorld::Options options, const ClusterWorld::Script& script, Body&& check) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    options.seed = seed;
    ClusterWorld world(options);
    world.run(script);
    world.expect_empty();
    ASSERT_TRUE(world.client().exit_code().has_value());
    ASSERT_FALSE(world.states.empty());
    check(world);
    if (::testing::Test::HasFailure()) return;
  }
}

std::vector<ApplicationState> states_of(const ClusterWorld& world) {
  std::vector<ApplicationState> states;
  for (const auto& change : world.states) states.push_back(change.state);
  return states;
}

const std::vector<ApplicationState> plain_life = {
    ApplicationState::accepted, ApplicationState::running, ApplicationState::finished};

TEST(ClusterLifecycle, SucceedsInClusterMode) {
  for_seeds({}, {}, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 0);
    EXPECT_EQ(states_of(world), plain_life);
    EXPECT_EQ(world.states.back().final_status, FinalStatus::succeeded);
    ASSERT_EQ(world.negotiated.size(), 1U);
    EXPECT_EQ(world.negotiated[0].granted, 3U);
    EXPECT_EQ(world.launches.size(), 4U);
    EXPECT_TRUE(world.launches[0].runs_driver);
    EXPECT_TRUE(world.lost.empty());
  });
}

TEST(ClusterLifecycle, SucceedsInClientMode) {
  ClusterWorld::Options options;
  options.mode = DeployMode::client;
  for_seeds(options, {}, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 0);
    EXPECT_EQ(states_of(world), plain_life);
    EXPECT_EQ(world.launches.size(), 5U);
    for (const ContainerLaunch& launch : world.launches) {
      EXPECT_EQ(launch.runs_driver, launch.kind == ContainerKind::driver);
      EXPECT_EQ(launch.driver.rank, 0);
      EXPECT_EQ(launch.driver.container.number, 2U);
      EXPECT_EQ(launch.application_master.rank, 1);
    }
  });
}

TEST(ClusterLifecycle, RunsOnOneRank) {
  ClusterWorld::Options options;
  options.ranks = 1;
  options.request = {0, 0, {100}};
  for_seeds(options, {}, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 0);
    EXPECT_EQ(world.negotiated.back().granted, 1U);
    EXPECT_EQ(world.negotiated.back().cores, 2U);
  });
}

TEST(ClusterLifecycle, ProgramFailureIsFinal) {
  const ClusterWorld::Script script = {
      [](ClusterWorld& world) { world.finish_driver(FinalStatus::failed, "empty collection", 5); }};
  for_seeds({}, script, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 5);
    EXPECT_EQ(states_of(world), plain_life) << "no second attempt";
    EXPECT_EQ(world.states.back().final_status, FinalStatus::failed);
    EXPECT_EQ(world.states.back().diagnostics, "empty collection");
  });
}

TEST(ClusterLifecycle, LostExecutorIsReplaced) {
  const ClusterWorld::Script script = {
      [](ClusterWorld& world) { world.kill_one(ContainerKind::executor, SIGSEGV); },
      [](ClusterWorld& world) { EXPECT_EQ(world.live(ContainerKind::executor).size(), 3U); }};
  for_seeds({}, script, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 0);
    ASSERT_EQ(world.lost.size(), 1U);
    EXPECT_THAT(world.lost[0].reason, HasSubstr("killed by signal 11 (SIGSEGV)"));
    EXPECT_TRUE(world.lost[0].caused_by_application);
    EXPECT_EQ(world.launches.size(), 5U);
    EXPECT_EQ(world.launches.back().executor, 4U) << "executor ids are never used again";
  });
}

TEST(ClusterLifecycle, LostMemberEndsItsContainer) {
  ClusterWorld::Options options;
  options.request = {2, 4, {100}};
  const ClusterWorld::Script script = {
      [](ClusterWorld& world) { world.kill_one(ContainerKind::executor, SIGKILL); },
      [](ClusterWorld& world) { EXPECT_EQ(world.live(ContainerKind::executor).size(), 4U); }};
  for_seeds(options, script, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 0);
    EXPECT_EQ(world.lost.size(), 1U) << "one executor, however many members";
    EXPECT_EQ(world.launches.size(), 7U);
  });
}

TEST(ClusterLifecycle, TooManyLostExecutorsFailTheApplication) {
  ClusterWorld::Script script;
  for (int i = 0; i < 8; ++i) {
    script.push_back([](ClusterWorld& world) { world.kill_one(ContainerKind::executor, SIGABRT); });
  }
  for_seeds({}, script, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 1);
    EXPECT_THAT(world.states.back().diagnostics,
                HasSubstr("Max number of executor failures (8) reached"));
    EXPECT_THAT(world.states.back().diagnostics, HasSubstr("SIGABRT"));
  });
}

TEST(ClusterLifecycle, LostMasterGetsASecondAttempt) {
  const ClusterWorld::Script script = {
      [](ClusterWorld& world) { world.kill_one(ContainerKind::application_master, SIGKILL); }};
  for (const DeployMode mode : {DeployMode::cluster, DeployMode::client}) {
    ClusterWorld::Options options;
    options.mode = mode;
    for_seeds(options, script, [](ClusterWorld& world) {
      EXPECT_EQ(world.client().exit_code(), 0);
      const std::vector<ApplicationState> expected = {
          ApplicationState::accepted, ApplicationState::running, ApplicationState::accepted,
          ApplicationState::running, ApplicationState::finished};
      EXPECT_EQ(states_of(world), expected);
      EXPECT_THAT(world.states[2].diagnostics, HasSubstr("attempt 1 of 2 failed"));
      EXPECT_EQ(world.launches.back().container.attempt, 2U);
    });
  }
}

TEST(ClusterLifecycle, AttemptsRunOut) {
  const auto kill_master = [](ClusterWorld& world) {
    world.kill_one(ContainerKind::application_master, SIGSEGV);
  };
  for_seeds({}, {kill_master, kill_master}, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 1);
    EXPECT_EQ(world.states.back().state, ApplicationState::failed);
    EXPECT_THAT(world.states.back().diagnostics, HasSubstr("2 attempts failed"));
    EXPECT_THAT(world.states.back().diagnostics, HasSubstr("signal 11 (SIGSEGV)"));
  });
}

TEST(ClusterLifecycle, LostDriverContainerFailsTheApplication) {
  ClusterWorld::Options options;
  options.mode = DeployMode::client;
  const ClusterWorld::Script script = {
      [](ClusterWorld& world) { world.kill_one(ContainerKind::driver, SIGSEGV); }};
  for_seeds(options, script, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 1);
    EXPECT_THAT(world.states.back().diagnostics,
                HasSubstr("the driver was lost: container_1732060800_0001_01_000002"));
    EXPECT_THAT(world.states.back().diagnostics, HasSubstr("SIGSEGV"));
  });
}

TEST(ClusterLifecycle, RunsWithFewerExecutorsThanAsked) {
  ClusterWorld::Options options;
  options.request = {20, 1, {100}};
  for_seeds(options, {}, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 0);
    EXPECT_EQ(world.negotiated.back().granted, 8U);
    EXPECT_EQ(world.negotiated.back().requested, 20U);
    EXPECT_THAT(world.negotiated.back().note, HasSubstr("wanted 20 executors"));
  });
}

TEST(ClusterLifecycle, AsManyAsFitIsNotTooFew) {
  ClusterWorld::Options options;
  options.request = {0, 0, {700}};
  for_seeds(options, {}, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 0);
    EXPECT_EQ(world.negotiated.back().granted, 4U);
    EXPECT_EQ(world.negotiated.back().note, "");
  });
}

TEST(ClusterLifecycle, RefusedWhenNotEvenOneFits) {
  ClusterWorld::Options options;
  options.request = {2, 1, {5000}};
  for_seeds(options, {}, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 1);
    EXPECT_THAT(world.states.back().diagnostics, HasSubstr("no executor can be granted"));
    EXPECT_THAT(world.states.back().diagnostics, HasSubstr("the largest node has"));
    EXPECT_EQ(world.launches.size(), 1U);
  });
}

TEST(ClusterLifecycle, KilledWhileRunning) {
  const ClusterWorld::Script script = {
      [](ClusterWorld& world) { world.kill_application("interrupted"); }};
  for_seeds({}, script, [](ClusterWorld& world) {
    EXPECT_EQ(world.client().exit_code(), 1);
    EXPECT_EQ(world.states.back().state, ApplicationState::killed);
    EXPECT_EQ(world.states.back().diagnostics, "killed: interrupted");
  });
}

/// Any process may die at any moment, several times: there is always an end, and it is clean.
TEST(ClusterLifecycle, EndsCleanlyUnderRandomKills) {
  int succeeded = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ClusterWorld::Options options;
    options.seed = seed;
    options.random_kills = 1 + seed % 5;
    options.mode = seed % 2 == 0 ? DeployMode::cluster : DeployMode::client;
    if (seed % 3 == 0) options.request = {0, 4, {200}};
    ClusterWorld world(options);
    world.run();
    world.expect_empty();
    ASSERT_TRUE(world.client().exit_code().has_value());
    succeeded += *world.client().exit_code() == 0;
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(succeeded, 50);
}

TEST(ClusterLifecycle, ManyRanks) {
  ClusterWorld::Options options;
  options.ranks = 300;
  options.request = {0, 1, {100}};
  ClusterWorld world(options);
  world.run();
  world.expect_empty();
  EXPECT_EQ(world.client().exit_code(), 0);
  EXPECT_EQ(world.negotiated.back().granted, 600U);
}

}  // namespace
}  // namespace volley::testing
