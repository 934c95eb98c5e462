// How near to their data tasks run: task sets with made-up offers and a made-up clock.

#include "driver/task_set.hpp"

#include "driver/options.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace volley::driver {
namespace {

using namespace std::chrono_literals;
using Offered = std::optional<std::uint32_t>;

const WorkerKey exec1{1, 0};
const WorkerKey exec2{2, 0};
const WorkerKey exec3{3, 0};

class TaskSets : public ::testing::Test {
 protected:
  void add(const WorkerKey& key, std::uint32_t node) {
    protocol::ExecutorRegistered message;
    message.executor = key.executor;
    message.node = node;
    message.slots = 8;
    workers.add(message, {protocol::Role::executor, static_cast<base::Rank>(key.executor), {}},
                now);
    if (set) set->worker_added(*workers.find(key), now);
  }
  TaskSet& make(std::vector<TaskSpec> tasks) {
    TaskSetSpec spec;
    for (std::uint32_t i = 0; i < tasks.size(); ++i) tasks[i].index = i;
    spec.tasks = std::move(tasks);
    set = std::make_unique<TaskSet>(std::move(spec), workers, options, now);
    return *set;
  }
  static TaskSpec prefers(std::vector<WorkerKey> keys, std::vector<std::uint32_t> nodes = {}) {
    TaskSpec task;
    task.preferred = std::move(keys);
    task.near = std::move(nodes);
    return task;
  }
  Offered offer(const WorkerKey& key, Locality most) {
    const auto taken = set->take(*workers.find(key), most, now);
    return taken ? Offered(taken->index) : std::nullopt;
  }

  Options options;
  WorkerTable workers;
  std::unique_ptr<TaskSet> set;
  base::TimePoint now{1h};
  base::Duration wait = 3s;
};

TEST_F(TaskSets, TSM_001_ATaskWithoutPreferencesTakesTheFirstSlot) {
  add(exec1, 1);
  make({TaskSpec{}});
  EXPECT_EQ(offer(exec1, Locality::any), Offered(0));
  EXPECT_EQ(offer(exec1, Locality::any), std::nullopt);
}

TEST_F(TaskSets, TSM_002_LevelAfterLevelIsGivenUp) {
  add(exec1, 1);
  add(exec2, 2);
  make({prefers({exec1}), prefers({exec2}), prefers({exec2}, {1}), TaskSpec{}});
  EXPECT_EQ(offer(exec1, Locality::any), Offered(0));
  EXPECT_EQ(offer(exec1, Locality::process), std::nullopt);
  now += wait;
  EXPECT_EQ(offer(exec1, Locality::node), Offered(2));
  EXPECT_EQ(offer(exec2, Locality::node), Offered(1));
  EXPECT_EQ(offer(exec2, Locality::node), std::nullopt) << "the last one prefers nothing";
  now += wait;
  EXPECT_EQ(offer(exec2, Locality::no_preference), Offered(3));
}

TEST_F(TaskSets, TSM_005_TasksThatPreferNothingDoNotWaitForThoseThatDo) {
  add(exec1, 1);
  add(exec2, 2);
  make({prefers({exec2}), TaskSpec{}, TaskSpec{}});
  EXPECT_EQ(offer(exec1, Locality::any), Offered(1));
  EXPECT_EQ(offer(exec1, Locality::any), Offered(2));
  EXPECT_EQ(offer(exec1, Locality::any), std::nullopt);
  EXPECT_TRUE(set->waits_for_better(now));
  now += 2 * wait;
  EXPECT_EQ(offer(exec1, Locality::any), Offered(0));
}

TEST_F(TaskSets, TSM_011_ANewExecutorAtABetterPlaceIsWaitedFor) {
  add(exec1, 1);
  make({prefers({}, {2}), prefers({}, {2}), prefers({}, {2})});
  now += 2 * wait;
  EXPECT_EQ(offer(exec1, Locality::any), Offered(0)) << "nobody was on node 2 for long";
  add(exec2, 2);
  EXPECT_EQ(offer(exec1, Locality::any), std::nullopt) << "now somebody is";
  EXPECT_EQ(offer(exec2, Locality::any), Offered(1));
}

TEST_F(TaskSets, TSM_018_ALevelThatIsEmptyIsNotWaitedFor) {
  add(exec1, 1);
  add(exec2, 2);
  make({prefers({exec1}), prefers({}, {2})});
  EXPECT_EQ(offer(exec2, Locality::any), std::nullopt);
  EXPECT_EQ(offer(exec1, Locality::any), Offered(0));
  EXPECT_EQ(offer(exec2, Locality::any), Offered(1)) << "no more time has passed";
}

TEST_F(TaskSets, TSI_009_WithoutAWaitAnyPlaceWillDo) {
  options.locality_wait = {0s, 0s};
  add(exec1, 1);
  add(exec2, 2);
  make({prefers({exec2}), prefers({}, {2})});
  EXPECT_EQ(offer(exec1, Locality::any), Offered(0));
  EXPECT_EQ(offer(exec1, Locality::any), Offered(1));
}

TEST_F(TaskSets, BoundTasksRunOnTheirNodeOnly) {
  add(exec1, 1);
  add(exec2, 2);
  TaskSpec bound;
  bound.node = 2;
  make({bound});
  now += 10 * wait;
  EXPECT_EQ(offer(exec1, Locality::any), std::nullopt);
  EXPECT_EQ(offer(exec2, Locality::any), Offered(0));
}

TEST(DelayClocks, TSI_008_OnlyARoundThatRefusedNothingStartsTheWaitAnew) {
  const base::TimePoint start{1h};
  DelayClock clock({3s, 3s}, start);
  const auto allowed = [&](base::Duration after) {
    return clock.allowed(start + after, true, true);
  };
  EXPECT_EQ(allowed(2s), Locality::process);
  clock.used_all(start + 2s, Locality::process);
  EXPECT_EQ(allowed(4s), Locality::process) << "since the reset only 2 s";
  EXPECT_EQ(allowed(5s), Locality::node) << "refused from 2 s to 5 s";
  EXPECT_EQ(allowed(8s), Locality::any);
  clock.used_all(start + 8s, Locality::node);
  EXPECT_EQ(allowed(8s), Locality::node) << "as near as the best of what was launched";
}

TEST(DelayClocks, TSI_008_AWaitThatCoversTwoLevelsGivesUpBoth) {
  const base::TimePoint start{1h};
  DelayClock clock({3s, 3s}, start);
  EXPECT_EQ(clock.allowed(start + 7s, true, true), Locality::any);
}

TEST_F(TaskSets, TSI_008_TheWaitGoesOnWhileSlotsAreRefused) {
  add(exec1, 1);
  add(exec2, 2);
  make({prefers({exec1}), prefers({exec1}), prefers({exec1})});
  EXPECT_EQ(offer(exec1, Locality::any), Offered(0));
  now += 2s;
  EXPECT_EQ(offer(exec2, Locality::any), std::nullopt);
  set->round_over(Locality::process, set->waits_for_better(now), now);
  now += 1s;  // a launch in a round with a refusal has not reset the clock
  EXPECT_EQ(offer(exec2, Locality::any), std::nullopt) << "node level, and nothing is near";
  now += 3s;
  EXPECT_EQ(offer(exec2, Locality::any), Offered(1));
}

}  // namespace
}  // namespace volley::driver
