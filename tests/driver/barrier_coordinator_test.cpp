// How the tasks of a barrier stage wait for each other.

#include "driver/barrier_coordinator.hpp"

#include "tests/support/probe.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace volley::driver::testing {
namespace {

using namespace std::chrono_literals;
using protocol::Address;
using protocol::BarrierPassed;
using protocol::Role;

class BarrierCoordinatorTest : public ::testing::Test {
 protected:
  /// Task `index` of stage 3, attempt 0, which has 3 tasks.
  void arrive(std::uint32_t index, std::uint64_t epoch, const std::string& operation,
              std::byte message = std::byte{0}) {
    protocol::BarrierReached reached;
    reached.attempt = {100 + index, 3, 0, index, 0};
    reached.epoch = epoch;
    reached.operation = operation;
    reached.message = {message};
    barriers.arrive(reached, index, 3, executor(index), now, probe.outbox());
  }
  static Address executor(std::uint32_t index) {
    return protocol::at_rank(Role::shuffle_service, static_cast<base::Rank>(index));
  }

  base::TimePoint now{};
  volley::testing::Probe probe{protocol::at_rank(Role::resource_manager, 0)};
  BarrierCoordinator barriers{5s};
};

TEST_F(BarrierCoordinatorTest, AllGetWhatEachBrought) {
  arrive(2, 0, "all_gather", std::byte{'c'});
  arrive(0, 0, "all_gather", std::byte{'a'});
  EXPECT_EQ(probe.left(), 0U);
  arrive(1, 0, "all_gather", std::byte{'b'});
  const auto passed = probe.take<BarrierPassed>();
  ASSERT_EQ(passed.size(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(passed[i].to, executor(i));
    EXPECT_EQ(passed[i].message.task, 100U + i);
    EXPECT_TRUE(passed[i].message.error.empty());
    ASSERT_EQ(passed[i].message.messages.size(), 3U);
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_EQ(passed[i].message.messages[j]->at(0), std::byte('a' + j));
    }
  }
}

TEST_F(BarrierCoordinatorTest, BAR_004_EpochsAreIndependent) {
  for (std::uint64_t epoch = 0; epoch < 4; ++epoch) {
    const std::string operation = epoch % 2 == 0 ? "all_gather" : "barrier";
    for (std::uint32_t i = 0; i < 3; ++i) arrive(i, epoch, operation);
    const auto passed = probe.take<BarrierPassed>();
    ASSERT_EQ(passed.size(), 3U);
    for (const auto& sent : passed) {
      EXPECT_EQ(sent.message.epoch, epoch);
      EXPECT_TRUE(sent.message.error.empty());
    }
  }
  barriers.forget(3, 0);
  EXPECT_TRUE(barriers.idle());
}

TEST_F(BarrierCoordinatorTest, BAR_003_DifferentOperationsFail) {
  arrive(0, 0, "barrier");
  arrive(1, 0, "all_gather");
  const auto failed = probe.take<BarrierPassed>();
  ASSERT_EQ(failed.size(), 2U);
  for (const auto& sent : failed) {
    EXPECT_NE(sent.message.error.find("Different barrier sync types found"), std::string::npos);
  }
  arrive(2, 0, "barrier");
  const auto late = probe.take<BarrierPassed>();
  ASSERT_EQ(late.size(), 1U);
  EXPECT_FALSE(late[0].message.error.empty());
}

TEST_F(BarrierCoordinatorTest, BAR_005_WhoWaitsTooLongFails) {
  arrive(0, 0, "barrier");
  now += 3s;
  arrive(1, 0, "barrier");
  now += 1s;
  barriers.tick(now, probe.outbox());
  EXPECT_EQ(probe.left(), 0U);
  now += 1s;
  barriers.tick(now, probe.outbox());
  const auto failed = probe.take<BarrierPassed>();
  ASSERT_EQ(failed.size(), 2U);
  for (const auto& sent : failed) {
    EXPECT_NE(sent.message.error.find("didn't get all barrier sync requests"), std::string::npos);
    EXPECT_NE(sent.message.error.find("within 5 second(s)"), std::string::npos);
  }
  barriers.tick(now + 100s, probe.outbox());
  EXPECT_EQ(probe.left(), 0U);
}

TEST_F(BarrierCoordinatorTest, BAR_006_ABarrierMoreThanTheOthersFails) {
  for (std::uint32_t i = 0; i < 3; ++i) arrive(i, 0, "barrier");
  EXPECT_EQ(probe.take<BarrierPassed>().size(), 3U);
  arrive(1, 1, "barrier");  // the others end without a second one
  barriers.tick(now + 6s, probe.outbox());
  const auto failed = probe.take<BarrierPassed>();
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].to, executor(1));
  EXPECT_NE(failed[0].message.error.find("barrier epoch 1"), std::string::npos);
}

TEST_F(BarrierCoordinatorTest, AnAttemptKnowsNothingOfTheOneBefore) {
  arrive(0, 0, "barrier");
  arrive(1, 0, "barrier");
  barriers.forget(3, 0);
  EXPECT_TRUE(barriers.idle());
  for (std::uint32_t i = 0; i < 3; ++i) arrive(i, 0, "barrier");
  EXPECT_EQ(probe.take<BarrierPassed>().size(), 3U);
}

}  // namespace
}  // namespace volley::driver::testing
