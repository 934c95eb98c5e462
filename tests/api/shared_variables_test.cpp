// Broadcasts and accumulators where results of earlier runs are used, and of other threads.

#include "program/recovery.hpp"
#include "tests/api/single_stage.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace volley::test {
namespace {

class RecoveredVariables : public ::testing::Test {
 protected:
  RecoveredVariables() { EXPECT_TRUE(program::create_recovery(directory_).ok()); }
  std::unique_ptr<SingleStage> run() {
    auto stage = std::make_unique<SingleStage>();
    stage->core().set_recovery(directory_);
    return stage;
  }
  /// Sums with a broadcast; how many tasks ran for it.
  std::size_t tasks_with(const std::vector<int>& values, double expected) {
    const auto stage = run();
    const auto shared = stage->context().broadcast(values);
    const double sum = stage->context()
                           .range(0, 10, 1, 2)
                           .map([=](std::int64_t i) { return i * shared.value()[0]; })
                           .sum();
    EXPECT_EQ(sum, expected);
    return stage->tasks();
  }

 private:
  io::test::Scratch scratch_;
  std::string directory_ = scratch_.path("recovery");
};

TEST_F(RecoveredVariables, AJobIsKnownByWhatItsBroadcastsHold) {
  EXPECT_EQ(tasks_with({2, 3}, 90), 2U);
  EXPECT_EQ(tasks_with({2, 3}, 90), 0U) << "the same values: its result is there";
  EXPECT_EQ(tasks_with({4, 3}, 180), 2U) << "others: it is not";
}

TEST_F(RecoveredVariables, AJobThatAddedToAccumulatorsRunsAgain) {
  for (int time = 0; time < 2; ++time) {
    const auto stage = run();
    const auto seen = stage->context().long_accumulator("seen");
    const auto numbers = stage->context().range(0, 10, 1, 2).map([=](std::int64_t i) {
      seen.add(1);
      return i;
    });
    EXPECT_EQ(numbers.count(), 10);
    EXPECT_EQ(seen.value(), 10);
    EXPECT_EQ(stage->tasks(), 2U);
  }
}

TEST(SharedVariables, TheProgramsThreadsCanUseThem) {
  SingleStage stage;
  const auto sum = stage.context().long_accumulator();
  const auto table = stage.context().broadcast(std::map<int, std::string>{{1, "one"}});
  std::thread([=] {
    sum.add(2);
    EXPECT_EQ(table.value().at(1), "one");
  }).join();
  EXPECT_EQ(sum.value(), 2);
}

TEST(SharedVariables, WhereNoProgramRunsTheySaySo) {
  auto stage = std::make_unique<SingleStage>();
  const auto sum = stage->context().long_accumulator();
  const auto value = stage->context().broadcast(7);
  stage = nullptr;
  EXPECT_THROW(sum.add(1), IllegalState);
  EXPECT_THROW(static_cast<void>(value.value()), IllegalState);
}

TEST(SharedVariables, AllOfABroadcastsMemoryIsAligned) {
  struct alignas(64) Wide {
    double values[8];
  };
  SingleStage stage;
  const auto wide = stage.context().broadcast(std::vector<double>(1000, 1.5));
  const auto text = stage.context().broadcast(std::string(5000, 'x'));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(wide.value().data()) % alignof(Wide), 0U);
  EXPECT_EQ(text.value(), std::string(5000, 'x'));
}

}  // namespace
}  // namespace volley::test
