#include "program/task_listeners.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace volley::program {
namespace {

TEST(TaskListeners, TC_001_AfterAFailureBothKindsAreCalledAndTheFailuresGetTheError) {
  TaskListeners listeners;
  std::vector<std::string> calls;
  listeners.add_completion([&] { calls.emplace_back("completion"); });
  listeners.add_failure([&](const std::string& error) { calls.push_back("failure: " + error); });
  EXPECT_EQ(listeners.end("out of luck"), "");
  EXPECT_EQ(calls, (std::vector<std::string>{"failure: out of luck", "completion"}));
}

TEST(TaskListeners, AfterASuccessNoFailureIsCalled) {
  TaskListeners listeners;
  int completions = 0;
  listeners.add_completion([&] { ++completions; });
  listeners.add_failure([](const std::string&) { FAIL(); });
  EXPECT_EQ(listeners.end(std::nullopt), "");
  EXPECT_EQ(completions, 1);
}

TEST(TaskListeners, TC_002_AllAreCalledEvenIfSomeThrow) {
  TaskListeners listeners;
  int calls = 0;
  listeners.add_completion([&] { ++calls; });
  listeners.add_completion([] { throw std::runtime_error("first"); });
  listeners.add_completion([] { throw 7; });
  EXPECT_EQ(listeners.end(std::nullopt), "no std::exception; first");
  EXPECT_EQ(calls, 1);
}

TEST(TaskListeners, TC_007_WhoRegistersTooLateIsCalledAtOnceAndNobodyTwice) {
  TaskListeners listeners;
  int calls = 0;
  EXPECT_EQ(listeners.end("gone"), "");
  listeners.add_completion([&] { ++calls; });
  EXPECT_EQ(calls, 1);
  std::string error;
  listeners.add_failure([&](const std::string& what) { error = what; });
  EXPECT_EQ(error, "gone");
  EXPECT_EQ(listeners.end(std::nullopt), "");
  EXPECT_EQ(calls, 1);
}

TEST(TaskListeners, TC_008_TheLastToRegisterIsTheFirst) {
  TaskListeners listeners;
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) listeners.add_completion([&order, i] { order.push_back(i); });
  EXPECT_EQ(listeners.end(std::nullopt), "");
  EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
}

}  // namespace
}  // namespace volley::program
