// Tasks that are launched before a slot is free: how many, and what happens when they take long.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

using std::chrono::microseconds;

void expect_finished(FakeCluster& c, std::size_t results) {
  c.expect_job_succeeded(0, results);
  EXPECT_TRUE(c.driver.idle());
  EXPECT_EQ(c.driver.summary().tasks_succeeded, results);
  EXPECT_EQ(c.driver.summary().tasks_failed, 0U) << "a task that was given back has not failed";
}

TEST(DriverAhead, ManyTinyTasksAreOnTheirWayAtATime) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  c.add_executor(2, 11, 1);
  LineageBuilder b;
  c.run_time = microseconds(5);
  c.submit(b.job(0, b.source(5000)));
  c.finish(c.tasks.begin()->first);
  EXPECT_GE(c.tasks.size(), 400U);
  std::size_t least = 1000;
  while (c.launched < 5000) {
    c.finish(c.tasks.begin()->first);
    least = std::min(least, c.tasks.size());
  }
  EXPECT_GE(least, 16U) << "nobody runs dry before the end";
  c.finish_all();
  expect_finished(c, 5000);
}

TEST(DriverAhead, TheFirstOfManyToEndSaysNothing) {
  FakeCluster c;
  c.add_executor(1, 1, 16);
  LineageBuilder b;
  c.run_time = microseconds(5);
  c.submit(b.job(0, b.source(5000)));
  for (int ended = 1; ended <= 3; ++ended) {
    c.finish(c.tasks.begin()->first);
    EXPECT_EQ(c.tasks.size(), 16U) << "the others may take long";
  }
  c.finish(c.tasks.begin()->first);
  EXPECT_GT(c.tasks.size(), 1000U);
  c.finish_all();
  expect_finished(c, 5000);
}

/// The first tasks were tiny, those that follow are not: an idle executor gets some of them.
TEST(DriverAhead, WhatTurnsOutLongIsSharedWithIdleExecutors) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.run_time = microseconds(5);
  c.submit(b.job(0, b.source(400)));
  while (c.launched < 400) c.finish(c.tasks.begin()->first);
  const std::size_t backlog = c.tasks.size();
  ASSERT_GE(backlog, 8U);
  c.add_executor(2, 11, 1);
  EXPECT_EQ(c.executors.at(2).running, 0U) << "they are tiny, and the first executor is at work";
  c.tick(std::chrono::milliseconds(50));
  EXPECT_EQ(c.executors.at(2).running + c.executors.at(1).running, backlog);
  EXPECT_GT(c.executors.at(2).running, 0U) << "nothing has happened for long";
  EXPECT_GT(c.returned, 0U);
  c.run_time = std::chrono::seconds(1);
  while (!c.tasks.empty()) {
    c.tick(std::chrono::milliseconds(50));
    const auto least = std::min(c.executors.at(1).running, c.executors.at(2).running);
    EXPECT_TRUE(least > 0 || c.tasks.size() < 2) << "one is idle, the other has " << c.tasks.size();
    c.finish(c.tasks.begin()->first);
  }
  expect_finished(c, 400);
}

TEST(DriverAhead, TasksThatAreBoundToTheirNodeStayThere) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.run_time = microseconds(5);
  c.submit(b.job(0, b.shuffle({b.source(2)}, 100)));
  while (c.launched < 102) c.finish(c.tasks.begin()->first);
  c.add_executor(2, 11, 1);
  c.tick(std::chrono::milliseconds(50));
  EXPECT_EQ(c.returned, 0U) << "the new executor's node has none of the data";
  c.finish_all();
  c.expect_job_succeeded(0, 100);
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverAhead, AnExecutorIsLostWithTasksThatItWasAskedToGiveBack) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.run_time = microseconds(5);
  c.submit(b.job(0, b.source(100)));
  while (c.launched < 100) c.finish(c.tasks.begin()->first);
  c.add_executor(2, 11, 1);
  c.tick(std::chrono::milliseconds(50));
  c.lose_executor(1);
  c.finish_all();
  c.expect_job_succeeded(0, 100);
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
