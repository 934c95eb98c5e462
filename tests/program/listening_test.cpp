// What the driver is asked for when the program listens, kills a task attempt, or adds a file.

#include "program/context_core.hpp"

#include <volley/context.hpp>
#include <volley/error.hpp>

#include <gtest/gtest.h>

namespace volley::test {
namespace {

class Listening : public ::testing::Test {
 protected:
  Listening()
      : core(std::make_shared<program::ContextCore>(
            base::ApplicationId{1, 1}, config::Configuration{},
            [this](protocol::DriverMessage message) { take(std::move(message)); })),
        context(core) {}
  ~Listening() override { core->stop("the test is over"); }

  void take(protocol::DriverMessage message) {
    if (const auto* asked = std::get_if<protocol::EventsRequested>(&message)) {
      told.push_back(asked->wanted);
    } else if (const auto* kill = std::get_if<protocol::TaskAttemptKillRequested>(&message)) {
      reasons.push_back(kill->reason);
      core->deliver(protocol::TaskAttemptKillAnswered{kill->request, kill->task == running});
    }
  }

  std::vector<bool> told;
  std::vector<std::string> reasons;
  base::TaskId running = 7;
  std::shared_ptr<program::ContextCore> core;
  Context context;
};

TEST_F(Listening, CTX_009_TheDriverIsToldWhetherThereIsAListener) {
  struct Count : Listener {
    void on_task_start(const TaskStart&) override { ++tasks; }
    int tasks = 0;
  };
  const auto one = std::make_shared<Count>();
  const auto two = std::make_shared<Count>();
  EXPECT_THROW(context.add_listener(nullptr), InvalidArgument);
  context.add_listener(one);
  context.add_listener(two);
  context.add_listener(one);
  EXPECT_EQ(told, std::vector<bool>{true});
  const auto event = std::make_shared<const Event>(TaskStart{});
  core->deliver(protocol::EventHappened{event});
  context.remove_listener(one);
  core->deliver(protocol::EventHappened{event});
  EXPECT_EQ(told, std::vector<bool>{true});
  context.remove_listener(two);
  context.remove_listener(two);
  core->deliver(protocol::EventHappened{event});
  EXPECT_EQ(told, (std::vector<bool>{true, false}));
  core->listeners().close();
  EXPECT_LE(one->tasks, 1);
  EXPECT_LE(two->tasks, 2);
}

TEST_F(Listening, CTX_011_TheProgramLearnsWhetherTheAttemptRan) {
  EXPECT_TRUE(context.kill_task_attempt(7, "too slow"));
  EXPECT_FALSE(context.kill_task_attempt(8));
  EXPECT_EQ(reasons,
            (std::vector<std::string>{"too slow", "killed via Context::kill_task_attempt"}));
  context.stop();
  EXPECT_FALSE(context.kill_task_attempt(7));
}

}  // namespace
}  // namespace volley::test
