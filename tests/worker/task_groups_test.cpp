// What a task pool does with tasks that want a communicator: refuses, makes, frees or leaves it;
// and gives up when one does not come back from it.

#include "program/modules.hpp"
#include "program/task_group.hpp"
#include "storage/node_arena.hpp"
#include "tests/support/probe.hpp"
#include "worker/executor.hpp"
#include "worker/task_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace volley::worker {
namespace {

using namespace protocol;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Takes the communicator and leaves it; partition 1 throws in between.
void group_task(program::TaskContext& context, base::RddId, std::uint32_t partition,
                std::span<const std::byte>, Bytes& result) {
  const void* const handle = context.group_communicator();
  if (partition == 1) throw std::runtime_error("not today");
  result = encode(context.group_communicator() == handle);
  context.leave_group();
}

/// Rank 4's; create() blocks, as an MPI library does, until the gate is open.
class FakeGroups final : public program::GroupCommunicators {
 public:
  struct One final : program::GroupCommunicator {
    explicit One(FakeGroups& all) : of(all) {}
    const void* handle() const override { return &of; }
    void free() override { ++of.freed; }
    FakeGroups& of;
  };

  base::Rank rank() const override { return 4; }
  const std::string& problem() const override { return why_not; }
  base::Result<std::unique_ptr<program::GroupCommunicator>> create(
      const std::vector<base::Rank>& ranks, std::uint32_t) override {
    members = ranks;
    inside = true;
    inside.notify_all();
    gate.wait(false);
    return std::unique_ptr<program::GroupCommunicator>(std::make_unique<One>(*this));
  }
  void open() {
    gate = true;
    gate.notify_all();
  }

  std::string why_not;
  std::vector<base::Rank> members;
  std::atomic<bool> inside = false;
  std::atomic<bool> gate = false;
  std::atomic<int> freed = 0;
};

class TaskGroups : public ::testing::Test {
 protected:
  void start(program::GroupCommunicators* groups, base::Duration patience = std::chrono::hours{1}) {
    TaskPool::Options options;
    options.wake = [this] {
      ++wakes_;
      wakes_.notify_all();
    };
    options.communicators = groups;
    options.group_patience = patience;
    options.give_up = [this](const std::string& why) {
      given_up_.push_back(why);
      groups_.open();
    };
    pool_ = std::make_unique<TaskPool>(std::move(options), arena_);
    executor_ = std::make_unique<Executor>(Executor::Options{}, *pool_, log_);
    auto binary = std::make_shared<StageBinary>();
    binary->task.function = program::identify(reinterpret_cast<const void*>(&group_task));
    executor_->on(StageDefined{1, 0, std::move(binary)}, driver, probe_.outbox());
  }
  void launch(std::uint32_t partition) {
    executor_->on(TaskLaunched{{77, 1, 0, partition, 0}, {}, {}}, driver, probe_.outbox());
  }
  /// The next message of a kind.
  template <class M>
  M next() {
    for (;;) {
      const std::uint32_t seen = wakes_.load();
      executor_->pump_tasks(probe_.outbox());
      auto some = probe_.take<M>();
      if (!some.empty()) return some.at(0).message;
      wakes_.wait(seen);
    }
  }
  /// All tasks have come to the barrier, with these ranks.
  BarrierReached pass(const std::vector<base::Rank>& ranks) {
    BarrierReached reached = next<BarrierReached>();
    BarrierPassed passed;
    passed.task = reached.attempt.task;
    passed.epoch = reached.epoch;
    for (const base::Rank rank : ranks) {
      passed.messages.push_back(std::make_shared<const Bytes>(encode(rank)));
    }
    executor_->on(passed, driver, probe_.outbox());
    return reached;
  }
  base::TimePoint in_a_day() { return std::chrono::steady_clock::now() + std::chrono::hours{24}; }

  const Address driver = at_rank(Role::driver, 1);
  const base::Log log_{"test", base::LogLevel::off};
  std::atomic<std::uint32_t> wakes_ = 0;
  std::vector<std::string> given_up_;
  FakeGroups groups_;
  storage::NodeArena arena_ = storage::NodeArena::create({1U << 20U, 1U << 20U}).value();
  testing::Probe probe_{{Role::executor, 4, {}}};
  std::unique_ptr<TaskPool> pool_;
  std::unique_ptr<Executor> executor_;
};

TEST_F(TaskGroups, AreMadeOfTheRanksByPartitionAndFreedWhenAllHaveLeft) {
  groups_.open();
  start(&groups_);
  launch(0);
  const BarrierReached entered = pass({4, 2, 7});
  EXPECT_EQ(entered.operation, "mpi_comm");
  EXPECT_EQ(decode<base::Rank>(entered.message), 4);
  const BarrierReached left = next<BarrierReached>();
  EXPECT_EQ(left.operation, "end of mpi_comm");
  EXPECT_EQ(left.epoch, entered.epoch + 1) << "the second time it is there already";
  EXPECT_THAT(groups_.members, ElementsAre(4, 2, 7));
  EXPECT_EQ(groups_.freed, 0) << "others are not through";
  executor_->on(BarrierPassed{77, left.epoch, {}, {}}, driver, probe_.outbox());
  const auto finished = next<TaskFinished>();
  EXPECT_EQ(finished.outcome, TaskOutcome::success) << finished.error;
  EXPECT_EQ(decode<bool>(finished.result), true);
  EXPECT_EQ(groups_.freed, 1);
  pool_->look_for_stuck(in_a_day());
  EXPECT_TRUE(given_up_.empty());
}

TEST_F(TaskGroups, OfAFailedTaskAreNotFreed) {
  groups_.open();
  start(&groups_);
  launch(1);
  pass({2, 4});
  EXPECT_THAT(next<TaskFinished>().error, HasSubstr("not today"));
  EXPECT_EQ(groups_.freed, 0);
}

TEST_F(TaskGroups, AreRefusedWhereTheyCannotBe) {
  start(nullptr);
  launch(0);
  const auto finished = next<TaskFinished>();
  EXPECT_EQ(finished.outcome, TaskOutcome::refused) << "another attempt would not help";
  EXPECT_THAT(finished.error, HasSubstr("--isolation none"));
  executor_.reset();
  groups_.why_not = "no threads here";
  start(&groups_);
  launch(0);
  EXPECT_THAT(next<TaskFinished>().error, HasSubstr("no threads here"));
}

TEST_F(TaskGroups, AreRefusedToTasksThatShareARank) {
  start(&groups_);
  launch(0);
  pass({4, 2, 4});
  EXPECT_THAT(next<TaskFinished>().error, HasSubstr("tasks 0 and 2 of stage 1 both run on rank 4"));
  EXPECT_FALSE(groups_.inside);
}

TEST_F(TaskGroups, GivesUpOnATaskThatDoesNotComeBack) {
  start(&groups_);
  launch(0);
  pass({4, 2});
  groups_.inside.wait(false);
  pool_->look_for_stuck(in_a_day());
  EXPECT_TRUE(given_up_.empty()) << "nobody has asked it to stop";
  executor_->on(TaskKillRequested{77, "its stage has failed"}, driver, probe_.outbox());
  pool_->look_for_stuck(std::chrono::steady_clock::now());
  EXPECT_TRUE(given_up_.empty()) << "it has an hour";
  pool_->look_for_stuck(in_a_day());
  ASSERT_EQ(given_up_.size(), 1U);
  EXPECT_THAT(given_up_[0], HasSubstr("task 77"));
  EXPECT_THAT(given_up_[0], HasSubstr("volley.barrier.mpi.stopTimeout"));
  EXPECT_EQ(next<TaskFinished>().outcome, TaskOutcome::killed);
  pool_->look_for_stuck(in_a_day());
  EXPECT_EQ(given_up_.size(), 1U) << "it has come back";
}

TEST_F(TaskGroups, DoNotKeepAnExecutorFromEnding) {
  start(&groups_, std::chrono::milliseconds{1});
  launch(0);
  pass({4, 2});
  groups_.inside.wait(false);
  executor_.reset();
  pool_.reset();
  EXPECT_EQ(given_up_.size(), 1U);
}

}  // namespace
}  // namespace volley::worker
