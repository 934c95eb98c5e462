// The ResourceManager hands a drain on to the driver of a running application, and to no other.

#include "rank0_rm/resource_manager.hpp"
#include "tests/support/probe.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace volley::rm {
namespace {

using namespace protocol;

TEST(Drain, GoesToTheDriverOfARunningApplication) {
  const base::Log log{"test", base::LogLevel::off};
  ResourceManager::Options options;
  options.expected_ranks = 2;
  options.cluster_start = 17;
  ResourceManager rm{options, log};
  testing::Probe probe{at_rank(Role::resource_manager, 0)};
  const Address client = at_rank(Role::client, 0);
  for (base::Rank rank = 0; rank < 2; ++rank) {
    rm.on(NodeRegistered{"n", 0, 2, {1000}, "", 1}, at_rank(Role::node_manager, rank),
          probe.outbox());
  }
  Submission submission;
  submission.driver_memory = {100};
  rm.on(ApplicationSubmitted{submission}, client, probe.outbox());
  const ApplicationDrainRequested drain{{17, 1}, "signal", std::chrono::seconds{5}};
  rm.on(drain, client, probe.outbox());
  EXPECT_TRUE(probe.take<DrainRequested>().empty()) << "there is no driver yet";
  EXPECT_EQ(rm.dropped(), 1U);

  const ContainerId first{{17, 1}, 1, 1};
  rm.on(ApplicationMasterRegistered{first, "n:1"}, {Role::application_master, 1, first},
        probe.outbox());
  rm.on(drain, client, probe.outbox());
  const auto sent = probe.take<DrainRequested>();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].to.role, Role::driver);
  EXPECT_EQ(sent[0].to.container, first);
  EXPECT_EQ(sent[0].message.reason, "signal");
  EXPECT_EQ(sent[0].message.grace, std::chrono::seconds{5});

  rm.on(ApplicationDrainRequested{{17, 2}, "signal", {}}, client, probe.outbox());
  EXPECT_EQ(rm.dropped(), 2U);
}

}  // namespace
}  // namespace volley::rm
