// What an executor does with tasks that wait for a slot: it gives them back, and asks for the
// chunk lists they will read.

#include "program/modules.hpp"
#include "storage/node_arena.hpp"
#include "tests/support/probe.hpp"
#include "worker/executor.hpp"
#include "worker/task_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>

namespace volley::worker {
namespace {

using namespace protocol;

/// What tasks of the test do, by partition; they get it through their captures.
struct Script {
  std::atomic<bool> open = false;  ///< tasks of partition 0 wait for it
  std::atomic<bool> begun = false;
};

/// Partition 0 waits; others return how many chunks their input has.
void scripted_task(program::TaskContext& context, base::RddId, std::uint32_t partition,
                   std::span<const std::byte> captures, Bytes& result) {
  auto& script = *reinterpret_cast<Script*>(*decode<std::uint64_t>(captures));
  if (partition == 0) {
    script.begun = true;
    script.begun.notify_all();
    script.open.wait(false);
    return;
  }
  result.resize(context.chunks(5, partition).size());
}

class ExecutorTasks : public ::testing::Test {
 protected:
  ExecutorTasks() {
    auto binary = std::make_shared<StageBinary>();
    binary->task.function = program::identify(reinterpret_cast<const void*>(&scripted_task));
    binary->task.captures = encode(reinterpret_cast<std::uint64_t>(&script_));
    executor_.on(StageDefined{1, 0, std::move(binary)}, driver, probe_.outbox());
  }
  ~ExecutorTasks() override { release(); }

  void launch(base::TaskId task, std::uint32_t partition) {
    TaskLaunched message{{task, 1, 0, partition, 0}, {}, {}};
    if (partition != 0) message.shuffles.push_back({5, partition, 2});
    executor_.on(message, driver, probe_.outbox());
  }
  void release() {
    script_.open = true;
    script_.open.notify_all();
  }
  /// The ids of tasks that end, in their order, until there are so many.
  std::map<base::TaskId, TaskFinished> ended(std::size_t count) {
    std::map<base::TaskId, TaskFinished> all;
    while (all.size() < count) {
      const std::uint32_t seen = wakes_.load();
      executor_.pump_tasks(probe_.outbox());
      const auto some = probe_.take<TaskFinished>();
      for (const auto& sent : some) all[sent.message.attempt.task] = sent.message;
      if (some.empty()) wakes_.wait(seen);
    }
    return all;
  }
  void answer(std::uint64_t request, std::size_t chunks) {
    executor_.on(PartitionListed{request, true, std::vector<Chunk>(chunks)}, driver,
                 probe_.outbox());
  }

  TaskPool::Options options() {
    TaskPool::Options options;
    options.wake = [this] {
      ++wakes_;
      wakes_.notify_all();
    };
    return options;
  }

  const Address driver = at_rank(Role::driver, 1);
  const base::Log log_{"test", base::LogLevel::off};
  Script script_;
  std::atomic<std::uint32_t> wakes_ = 0;
  storage::NodeArena arena_ = storage::NodeArena::create({1U << 20U, 1U << 20U}).value();
  TaskPool pool_{options(), arena_};
  Executor executor_{{}, pool_, log_};
  testing::Probe probe_{{Role::executor, 1, {}}};
};

TEST_F(ExecutorTasks, GivesBackWhatHasNotBegun) {
  for (base::TaskId task = 0; task < 4; ++task) launch(task, 0);
  script_.begun.wait(false);
  executor_.on(TasksReturnRequested{{0, 2, 3, 77}}, driver, probe_.outbox());
  const auto returned = ended(2);
  for (const base::TaskId task : {2, 3}) {
    ASSERT_TRUE(returned.contains(task));
    EXPECT_EQ(returned.at(task).outcome, TaskOutcome::returned);
  }
  executor_.on(TasksReturnRequested{{2, 3}}, driver, probe_.outbox());
  release();
  const auto finished = ended(2);
  for (const base::TaskId task : {0, 1}) {
    ASSERT_TRUE(finished.contains(task));
    EXPECT_EQ(finished.at(task).outcome, TaskOutcome::success);
  }
  executor_.tick({}, probe_.outbox());
  EXPECT_TRUE(probe_.take<ExecutorHeartbeat>().at(0).message.running.empty());
}

TEST_F(ExecutorTasks, AsksForChunkListsBeforeATaskBegins) {
  launch(0, 0);
  script_.begun.wait(false);
  for (base::TaskId task = 1; task < 5; ++task) launch(task, static_cast<std::uint32_t>(task) % 4);
  const auto asked = probe_.take<PartitionRequested>();
  ASSERT_EQ(asked.size(), 3U) << "the last task reads nothing";
  for (std::size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i].to.rank, 2);
    EXPECT_EQ(asked[i].message.partition, i + 1);
  }
  // One is given back; its answer comes all the same. Two tasks read the same partition.
  executor_.on(TasksReturnRequested{{2}}, driver, probe_.outbox());
  EXPECT_EQ(ended(1).begin()->second.outcome, TaskOutcome::returned);
  answer(asked[1].message.request, 9);
  launch(6, 3);
  const auto again = probe_.take<PartitionRequested>();
  ASSERT_EQ(again.size(), 1U);
  answer(asked[0].message.request, 1);
  answer(again[0].message.request, 3);
  release();
  answer(asked[2].message.request, 3);
  const auto finished = ended(5);
  EXPECT_EQ(finished.at(1).result.size(), 1U);
  EXPECT_EQ(finished.at(3).result.size(), 3U);
  EXPECT_EQ(finished.at(6).result.size(), 3U);
  EXPECT_TRUE(probe_.take<PartitionRequested>().empty()) << "no task asked again";
}

}  // namespace
}  // namespace volley::worker
