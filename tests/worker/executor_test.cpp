#include "worker/executor.hpp"

#include "storage/node_arena.hpp"
#include "tests/support/probe.hpp"
#include "worker/task_pool.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace volley::worker {
namespace {

using namespace protocol;
using namespace std::chrono_literals;

TEST(ExecutorTest, BeatsAtTheDriversIntervalFromItsAnswerOn) {
  const base::Log log{"test", base::LogLevel::off};
  auto arena = storage::NodeArena::create({1U << 20U, 1U << 20U});
  ASSERT_TRUE(arena.ok()) << arena.error();
  TaskPool pool({}, arena.value());
  Executor executor({}, pool, log);
  testing::Probe probe{{Role::executor, 1, {}}};
  const base::TimePoint start{1h};
  const auto beats = [&](base::TimePoint now) {
    executor.tick(now, probe.outbox());
    return probe.take<ExecutorHeartbeat>().size();
  };
  EXPECT_EQ(beats(start), 1U) << "10 s until the next, as far as it knows";
  executor.on(ExecutorAccepted{1s}, at_rank(Role::driver, 1), probe.outbox());
  EXPECT_EQ(beats(start + 1s), 1U);
  EXPECT_EQ(beats(start + 1500ms), 0U);
  EXPECT_EQ(beats(start + 2s), 1U);
}

}  // namespace
}  // namespace volley::worker
