// What a table of a task may hold: it grows with what the executor has, and gives back.

#include "program/memory_share.hpp"

#include "program/modules.hpp"
#include "tests/api/lone_task.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace volley::program {
namespace {

class Services final : public detail::LoneTask {
 public:
  explicit Services(std::uint32_t tasks = 1)
      : LoneTask({1U << 20U, 64U << 10U}, 5000), memory_({1U << 20U, 1U << 19U, 1000, tasks}) {}
  storage::MemoryManager* memory() override { return shared ? &memory_ : nullptr; }

  bool shared = true;

 private:
  storage::MemoryManager memory_;
};

struct Share : testing::Test {
  TaskContext context(const protocol::TaskLaunched& task) {
    return {services, nullptr, task, stop};
  }
  static protocol::TaskLaunched task(base::TaskId id) {
    protocol::TaskLaunched launched;
    launched.attempt.task = id;
    return launched;
  }
  std::uint64_t used() { return services.memory()->execution_used(); }

  Services services;
  std::atomic<bool> stop{false};
  const protocol::TaskLaunched one = task(1);
  const protocol::TaskLaunched other = task(2);
};

TEST_F(Share, GrowsUntilThereIsNoMoreAndGivesBack) {
  TaskContext first = context(one);
  {
    MemoryShare share(first);
    EXPECT_EQ(share.limit(), 1U << 20U);
    EXPECT_TRUE(share.reach(1000));  // the floor costs nothing
    EXPECT_EQ(used(), 0U);
    EXPECT_TRUE(share.reach(500000));
    EXPECT_GE(used(), 500000U);
    EXPECT_FALSE(share.reach((1U << 20U) + 1));
    EXPECT_TRUE(share.reach(1U << 20U));
    share.give_back();
    EXPECT_EQ(used(), 0U);
    EXPECT_TRUE(share.reach(200000));
    MemoryShare moved(std::move(share));
    EXPECT_TRUE(moved.reach(300000));
  }
  EXPECT_EQ(used(), 0U);
}

TEST_F(Share, ASecondTaskHalvesWhatTheFirstMayHave) {
  Services busy(2);
  TaskContext first{busy, nullptr, one, stop};
  TaskContext second{busy, nullptr, other, stop};
  MemoryShare share(first);
  EXPECT_TRUE(share.reach(400000));
  MemoryShare another(second);
  EXPECT_EQ(another.limit(), 1U << 19U);
  EXPECT_FALSE(share.reach(600000));
  EXPECT_TRUE(another.reach(500000));
}

TEST_F(Share, TablesOfATaskShareWhatItMayHave) {
  TaskContext first = context(one);
  MemoryShare share(first);
  EXPECT_TRUE(share.reach(900000));
  MemoryShare later(first);
  EXPECT_FALSE(later.reach(500000));
  EXPECT_TRUE(later.reach(1000));
}

void no_task(TaskContext&, base::RddId, std::uint32_t, std::span<const std::byte>,
             protocol::Bytes&) {}

/// Up to where a table of the task can grow in steps of 10000 bytes.
std::uint64_t reached(TaskContext& context) {
  MemoryShare share(context);
  std::uint64_t bytes = 0;
  while (share.reach(bytes + 10000)) bytes += 10000;
  return bytes;
}

TEST_F(Share, WhatATaskGetsDoesNotDependOnWhatOthersUse) {
  Services busy(2);
  for (const bool keeps_blocks : {false, true}) {
    auto binary = std::make_shared<protocol::StageBinary>();
    binary->keeps_blocks = keeps_blocks;
    binary->task.function = identify(reinterpret_cast<const void*>(&no_task));
    const auto plan = StagePlan::make(binary).value();
    TaskContext first{busy, plan, one, stop};
    TaskContext second{busy, plan, other, stop};
    const std::uint64_t alone = reached(first);
    EXPECT_LE(alone, keeps_blocks ? 1U << 18U : 1U << 19U);
    EXPECT_GT(alone, keeps_blocks ? 240000U : 500000U);
    MemoryShare of_second(second);
    ASSERT_TRUE(of_second.reach(alone));
    EXPECT_FALSE(of_second.reach(alone + 20000));
    EXPECT_EQ(reached(first), alone);
    if (keeps_blocks) {
      ASSERT_TRUE(busy.memory()->acquire_storage(1U << 19U));
      EXPECT_EQ(reached(first), alone);
      busy.memory()->release_storage(1U << 19U);
    }
    busy.memory()->release_all(1);
    of_second.give_back();
    busy.memory()->release_all(2);
  }
}

TEST_F(Share, AStoppedTaskGetsNoMore) {
  TaskContext first = context(one);
  MemoryShare share(first);
  stop = true;
  EXPECT_THROW(static_cast<void>(share.reach(2000)), TaskStopped);
}

TEST_F(Share, WithNothingToShareTheLimitIsFixed) {
  services.shared = false;
  TaskContext first = context(one);
  MemoryShare share(first);
  EXPECT_EQ(share.limit(), 5000U);
  EXPECT_TRUE(share.reach(5000));
  EXPECT_FALSE(share.reach(5001));
  MemoryShare fixed(100);
  EXPECT_TRUE(fixed.reach(100));
  EXPECT_FALSE(fixed.reach(101));
}

}  // namespace
}  // namespace volley::program
