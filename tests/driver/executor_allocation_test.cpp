#include "driver/executor_allocation.hpp"

#include <gmock/gmock.h>

namespace volley::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

base::TimePoint at(double seconds) {
  return base::TimePoint{std::chrono::hours{1}} +
         std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
}

AllocationOptions options(std::uint32_t minimum, std::uint32_t maximum, std::uint32_t initial) {
  AllocationOptions options;
  options.enabled = true;
  options.minimum = minimum;
  options.maximum = maximum;
  options.initial = initial;
  return options;
}

/// An allocation, the executors that are there, and what they do.
struct Fixture {
  explicit Fixture(const AllocationOptions& given) : allocation(given) {}

  ExecutorAllocation::Decision decide(double seconds) {
    return allocation.decide(at(seconds), load, uses, [this] { return holders; });
  }
  /// The target then; executors that are released are gone.
  std::uint32_t target(double seconds) {
    for (const base::ExecutorId gone : decide(seconds).release) {
      std::erase_if(uses, [&](const auto& use) { return use.executor == gone; });
    }
    return allocation.target();
  }
  void executors(std::uint32_t count) {
    uses.clear();
    for (std::uint32_t i = 1; i <= count; ++i) uses.push_back({i, false, {}});
  }
  ExecutorAllocation allocation;
  ExecutorAllocation::Load load;
  std::vector<ExecutorAllocation::Use> uses;
  std::set<base::ExecutorId> holders;
};

TEST(ExecutorAllocation, DYN_002_GrowsByDoublingUpToTheMaximum) {
  Fixture f(options(1, 10, 1));
  f.load.waiting = 1000;
  EXPECT_EQ(f.target(0), 1U);
  EXPECT_EQ(f.target(1), 2U);
  EXPECT_EQ(f.target(2), 4U);
  EXPECT_EQ(f.target(3), 8U);
  EXPECT_EQ(f.target(4), 10U);
  EXPECT_EQ(f.target(5), 10U);
  f.load = {0, 4, 0};
  EXPECT_EQ(f.target(6), 4U);
  f.load = {1000, 0, 0};
  EXPECT_EQ(f.target(7), 4U);
  EXPECT_EQ(f.target(8), 5U) << "the step is 1 again";
}

TEST(ExecutorAllocation, DYN_004_GrowsNoFurtherThanTheTasksNeed) {
  Fixture f(options(0, 10, 0));
  f.load.waiting = 5;
  f.target(0);
  EXPECT_EQ(f.target(1), 1U);
  EXPECT_EQ(f.target(2), 3U);
  EXPECT_EQ(f.target(3), 5U);
  EXPECT_EQ(f.target(4), 5U);
}

TEST(ExecutorAllocation, SlotsAndRatioDivideTheNeed) {
  AllocationOptions half = options(0, 0, 0);
  half.ratio = 0.5;
  half.backlog = half.sustained = {};
  Fixture f(half);
  f.allocation.set_slots(4);
  f.load = {30, 3, 0};
  for (int i = 0; i < 9; ++i) f.target(i);
  EXPECT_EQ(f.allocation.target(), 5U) << "33 tasks, half of them at once, 4 each";
}

TEST(ExecutorAllocation, DYN_006_TheTimerStartsOnceAndAfreshAfterAnEmptyQueue) {
  Fixture f(options(0, 10, 0));
  f.load = {100, 0, 0};
  EXPECT_EQ(f.target(0), 0U);
  EXPECT_EQ(f.target(0.9), 0U) << "a later look does not put it off";
  EXPECT_EQ(f.target(1), 1U);
  f.load = {0, 100, 0};
  EXPECT_EQ(f.target(1.5), 1U);
  EXPECT_EQ(f.target(5), 1U) << "nobody waits";
  f.load = {100, 0, 0};
  EXPECT_EQ(f.target(6), 1U);
  EXPECT_EQ(f.target(6.9), 1U);
  EXPECT_EQ(f.target(7), 2U);
}

TEST(ExecutorAllocation, DYN_007_BacklogThenSustainedTimeouts) {
  AllocationOptions two = options(0, 20, 0);
  two.sustained = std::chrono::seconds{2};
  Fixture f(two);
  f.load = {1000, 0, 0};
  EXPECT_EQ(f.target(0), 0U);
  EXPECT_EQ(f.target(0.5), 0U);
  EXPECT_EQ(f.target(1), 1U);
  EXPECT_EQ(f.target(2.5), 1U);
  EXPECT_EQ(f.target(3), 3U);
  EXPECT_EQ(f.target(5), 7U);
  f.load = {0, 1000, 0};
  EXPECT_EQ(f.target(6), 7U);
  EXPECT_EQ(f.target(9), 7U);
  f.load = {1000, 0, 0};
  EXPECT_EQ(f.target(10), 7U);
  EXPECT_EQ(f.target(11), 8U);
  EXPECT_EQ(f.target(13), 10U);
  EXPECT_EQ(f.target(15), 14U);
  EXPECT_EQ(f.target(17), 20U) << "the limit";
  EXPECT_EQ(f.target(19), 20U);
}

TEST(ExecutorAllocation, DYN_008_GrowsFromTheExecutorsThatAreThere) {
  Fixture f(options(0, 100000, 0));
  f.load = {1000, 0, 0};
  for (int second = 0; second <= 4; ++second) f.target(second);
  EXPECT_EQ(f.allocation.target(), 15U);
  f.executors(15);
  f.load = {};
  EXPECT_EQ(f.target(5), 0U);
  f.load = {1000, 0, 0};
  EXPECT_EQ(f.target(6), 0U);
  EXPECT_EQ(f.target(7), 16U);
}

TEST(ExecutorAllocation, DYN_009_InitialExecutorsStayUntilTheFirstStage) {
  Fixture f(options(2, 10, 3));
  EXPECT_EQ(f.target(0), 3U);
  EXPECT_EQ(f.target(30), 3U);
  f.load = {2, 0, 0};
  EXPECT_EQ(f.target(31), 2U);
}

TEST(ExecutorAllocation, DYN_009_InitialExecutorsStayUntilTheyAreIdleForLong) {
  Fixture f(options(2, 10, 3));
  f.executors(3);
  EXPECT_EQ(f.target(0), 3U);
  EXPECT_EQ(f.target(59), 3U);
  EXPECT_EQ(f.uses.size(), 3U);
  EXPECT_EQ(f.target(60), 2U);
  EXPECT_EQ(f.uses.size(), 2U);
}

TEST(ExecutorAllocation, DYN_010_AStageThatNoExecutorMayRunGetsOneMore) {
  Fixture f(options(0, 10, 0));
  f.executors(2);
  for (auto& use : f.uses) use.busy = true;
  f.load = {1, 1, 1};
  f.target(0);
  EXPECT_EQ(f.target(1), 3U);
  EXPECT_EQ(f.target(2), 3U);
  f.load.unschedulable = 0;
  EXPECT_EQ(f.target(3), 2U);
}

TEST(ExecutorAllocation, DYN_012_IdleExecutorsAreReleasedAndBusyOnesAreNot) {
  Fixture f(options(0, 10, 0));
  f.executors(3);
  EXPECT_THAT(f.decide(0).release, IsEmpty());
  f.uses[0].busy = true;
  f.uses[1].last_task = at(30);
  EXPECT_THAT(f.decide(60).release, ElementsAre(3));
  EXPECT_THAT(f.decide(90).release, ElementsAre(2, 3));
}

TEST(ExecutorAllocation, DYN_012_CachedBlocksKeepAnExecutorLonger) {
  Fixture kept(options(0, 10, 0));
  kept.executors(2);
  kept.holders = {1};
  kept.decide(0);
  EXPECT_THAT(kept.decide(100000).release, ElementsAre(2));

  AllocationOptions finite = options(0, 10, 0);
  finite.cached_idle = std::chrono::seconds{300};
  Fixture f(finite);
  f.executors(2);
  f.holders = {1};
  f.decide(0);
  EXPECT_THAT(f.decide(299).release, ElementsAre(2));
  EXPECT_THAT(f.decide(300).release, ElementsAre(1, 2));
}

TEST(ExecutorAllocation, IdleExecutorsStayDownToTheMinimumAndToTheTarget) {
  Fixture f(options(2, 10, 0));
  f.executors(5);
  f.decide(0);
  EXPECT_EQ(f.decide(60).release.size(), 3U);
  f.load = {0, 4, 0};
  Fixture g(options(0, 10, 4));
  g.executors(5);
  g.load = {4, 0, 0};
  g.decide(0);
  EXPECT_EQ(g.decide(60).release.size(), 1U) << "four are wanted";
}

TEST(ExecutorAllocation, DYN_013_TheTargetFallsWithTheExecutorsThatAreReleased) {
  Fixture f(options(1, 5, 3));
  f.executors(3);
  f.decide(0);
  const auto decision = f.decide(61);
  EXPECT_TRUE(decision.target_changed);
  EXPECT_EQ(f.allocation.target(), 1U);
  EXPECT_EQ(decision.release.size(), 2U);
}

}  // namespace
}  // namespace volley::driver
