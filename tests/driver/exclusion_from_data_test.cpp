// Failures keep tasks from the executors where their data lies: they are moved with it, as a gang
// when they start together, and nobody waits for ever.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

void fail(FakeCluster& c, base::TaskId id) { c.finish(id, TaskOutcome::exception, "bad disk"); }

Options exclusion_of(bool application) {
  Options options;
  options.exclusion.task_and_stage = true;
  options.exclusion.application = application;
  return options;
}

std::size_t stops(const FakeCluster& c, base::Rank rank) {
  return c
      .received<protocol::ContainerStopRequested, protocol::NodeManagerMessage>(
          protocol::at_rank(Role::node_manager, rank))
      .size();
}

/// Ends the tasks that read no shuffle.
void finish_maps(FakeCluster& c) {
  while (!c.tasks.empty() && c.tasks.begin()->second.launched.shuffles.empty()) {
    c.finish(c.tasks.begin()->first);
  }
}

/// Works for so many seconds, or until the job has ended.
void work(FakeCluster& c, int for_seconds, base::JobId job) {
  for (int i = 0; i < for_seconds && !c.job_end(job); ++i) {
    while (!c.tasks.empty()) c.finish(c.tasks.begin()->first);
    c.tick(seconds{1});
  }
}

/// Jobs `first` and the one after it succeed after failures on the executor: the application avoids
/// it.
void exclude(FakeCluster& c, LineageBuilder& b, base::ExecutorId bad, base::JobId first,
             std::uint32_t tasks) {
  for (base::JobId job = first; job < first + 2; ++job) {
    c.submit(b.job(job, b.source(tasks)));
    for (const auto& [id, task] : c.tasks) {
      if (task.executor != bad) continue;
      fail(c, id);
      break;
    }
    c.finish_all();
    c.expect_job_succeeded(job, tasks);
  }
}

/// Two nodes with one executor each, and a job whose tasks read what is on their node.
class ExclusionFromData : public ::testing::Test {
 protected:
  ExclusionFromData() : c(exclusion_of(false)) {
    c.add_executor(1, 1, 1);
    c.add_executor(2, 11, 1);
  }
  void expect_nobody_was_stopped() const {
    for (const base::Rank rank : {1, 11}) EXPECT_EQ(stops(c, rank), 0U);
  }

  FakeCluster c;
  LineageBuilder b;
};

TEST_F(ExclusionFromData, ATaskMovesToAnotherNodeWithWhatItReads) {
  c.submit(b.job(0, b.shuffle({b.source(2)}, 2)));
  finish_maps(c);
  ASSERT_EQ(c.tasks.size(), 2U);
  fail(c, c.tasks.begin()->first);
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  expect_nobody_was_stopped();
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(ExclusionFromData, ATaskThatFailedBesideItsCachedPartitionIsComputedElsewhere) {
  const auto cached = b.shuffle({b.source(2)}, 2);
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  c.send(program_address, protocol::ShuffleForgotten{0});
  c.submit(b.job(1, b.map(cached)));
  ASSERT_EQ(c.tasks.size(), 2U);
  fail(c, c.tasks.begin()->first);
  c.finish_all();
  c.expect_job_succeeded(1, 2);
  expect_nobody_was_stopped();
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(ExclusionFromData, WhereAllFailedAnExecutorIsReplaced) {
  c.submit(b.job(0, b.shuffle({b.source(2)}, 2)));
  finish_maps(c);
  const std::uint32_t partition = c.tasks.begin()->second.launched.attempt.partition;
  fail(c, c.tasks.begin()->first);
  c.finish(c.tasks.begin()->first);
  c.tick(seconds{1});
  fail(c, c.running_partition(partition));
  c.tick(seconds{1});
  EXPECT_EQ(c.logged("can run nowhere: executor"), 1U);
  c.lose_executor(1, false);
  c.add_executor(3, 1, 1);
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST(ExclusionByNode, AStageIsExchangedPastANodeThatTheApplicationAvoids) {
  FakeCluster c(exclusion_of(true));
  for (base::ExecutorId id = 1; id <= 3; ++id) {
    c.add_executor(id, static_cast<base::Rank>(10 * id), 2);
  }
  LineageBuilder b;
  exclude(c, b, 1, 0, 6);
  c.submit(b.job(3, b.shuffle({b.source(2)}, 6)));
  c.finish_all();
  c.expect_job_succeeded(3, 6);
  EXPECT_EQ(c.held.size(), 6U);
  for (const auto& [key, maps] : c.held) EXPECT_NE(std::get<0>(key), 10);
}

TEST(ExclusionByNode, AHomelessTaskIsNotMovedToWhereItFailed) {
  FakeCluster c(exclusion_of(false));
  for (base::ExecutorId id = 1; id <= 3; ++id) {
    c.add_executor(id, static_cast<base::Rank>(10 * id), 1);
  }
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2)}, 1)));
  finish_maps(c);
  fail(c, c.tasks.begin()->first);
  c.tick(seconds{1});
  ASSERT_EQ(c.tasks.size(), 1U);
  c.lose_executor(c.tasks.begin()->second.executor, false);
  for (const int wait : {1, 5, 1}) c.tick(seconds{wait});
  EXPECT_EQ(c.logged("Moving the shuffle data"), 2U);
  c.finish_all();
  c.expect_job_succeeded(0, 1);
}

TEST(ExclusionByNode, ANodeWithoutSlotsIsNoPlaceToGo) {
  FakeCluster c(exclusion_of(false));
  c.add_executor(1, 1, 1);
  c.add_executor(2, 11, 0);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2)}, 2)));
  finish_maps(c);
  fail(c, c.tasks.begin()->first);
  work(c, 300, 0);
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_EQ(c.logged("Moving the shuffle data"), 0U);
}

/// The application avoids executor 2, and executor 1 of the other node, which has the only reduce
/// task, is lost for a moment.
class LostForAMoment : public ::testing::TestWithParam<bool> {
 protected:
  std::vector<base::TaskId> others() const {
    std::vector<base::TaskId> ids;
    for (const auto& [id, task] : c.tasks) {
      if (id != longest) ids.push_back(id);
    }
    return ids;
  }
  void finish_others() {
    while (!others().empty()) c.finish(others().front());
  }

  FakeCluster c{exclusion_of(true)};
  LineageBuilder b;
  base::TaskId longest = ~base::TaskId{0};
};

TEST_P(LostForAMoment, NobodyIsStoppedAndNothingIsGivenUp) {
  const bool busy = GetParam();
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  if (busy) {
    c.submit(b.job(9, b.source(2)));
    for (const auto& [id, task] : c.tasks) {
      if (task.executor == 2) longest = id;
    }
    finish_others();
  }
  for (base::JobId job = 0; job < 2; ++job) {
    c.submit(b.job(job, b.source(busy ? 3 : 4)));
    for (const base::TaskId id : others()) {
      if (c.tasks.at(id).executor != 2) continue;
      fail(c, id);
      break;
    }
    finish_others();
    ASSERT_TRUE(c.job_end(job).has_value());
  }
  c.submit(b.job(3, b.shuffle({b.source(2)}, 1)));
  while (c.tasks.at(others().front()).launched.shuffles.empty()) c.finish(others().front());
  ASSERT_EQ(others().size(), 1U);
  ASSERT_EQ(c.tasks.at(others().front()).executor, 1U);
  c.lose_executor(1, false);
  c.tick(seconds{1});
  c.tick(seconds{1});
  EXPECT_EQ(stops(c, 11), 0U);
  ASSERT_FALSE(c.job_end(3).has_value()) << c.job_end(3)->error;
  c.add_executor(3, 1, 2);
  c.finish_all();
  c.expect_job_succeeded(3, 1);
}

INSTANTIATE_TEST_SUITE_P(IdleOrBusy, LostForAMoment, ::testing::Bool());

/// A barrier stage of four tasks on two nodes with two slots each.
class GangPlaces : public ::testing::Test {
 protected:
  GangPlaces() {
    c.add_executor(1, 1, 2);
    c.add_executor(2, 11, 2);
  }
  void submit_gang() { c.submit(b.job(2, b.barrier(b.shuffle({b.source(2)}, 4)))); }

  FakeCluster c{exclusion_of(true)};
  LineageBuilder b;
};

TEST_F(GangPlaces, ANodeGetsNoMoreTasksThanSlotsHoweverLargeOneIs) {
  c.partition_bytes = [](std::uint32_t p) { return p == 0 ? 1000U : 10U; };
  submit_gang();
  work(c, 10, 2);
  c.expect_job_succeeded(2, 4);
}

TEST_F(GangPlaces, TheyStartWhenAnExclusionIsOver) {
  exclude(c, b, 1, 0, 4);
  submit_gang();
  work(c, 20, 2);
  EXPECT_FALSE(c.job_end(2).has_value()) << "half the slots may not be used";
  c.tick(seconds{3700});
  work(c, 10, 2);
  c.expect_job_succeeded(2, 4);
}

TEST_F(GangPlaces, TheyUseTheNodesThatAreLeft) {
  c.add_executor(3, 21, 4);
  exclude(c, b, 1, 0, 8);
  submit_gang();
  work(c, 10, 2);
  c.expect_job_succeeded(2, 4);
}

TEST_F(GangPlaces, TheyStartWhenALostExecutorIsReplaced) {
  c.submit(b.job(8, b.source(4)));
  std::set<base::TaskId> older;
  for (const auto& [id, task] : c.tasks) {
    if (task.executor == 2) older.insert(id);
  }
  submit_gang();
  const auto work_beside = [&](int for_seconds) {
    for (int i = 0; i < for_seconds && !c.job_end(2); ++i) {
      std::vector<base::TaskId> ids;
      do {
        ids.clear();
        for (const auto& [id, task] : c.tasks) {
          if (!older.contains(id)) ids.push_back(id);
        }
        if (!ids.empty()) c.finish(ids.front());
      } while (!ids.empty());
      c.tick(seconds{1});
    }
  };
  work_beside(5);
  c.lose_executor(1, false);
  work_beside(10);
  c.add_executor(3, 1, 2);
  older.clear();
  work_beside(20);
  c.expect_job_succeeded(2, 4);
}

TEST_F(GangPlaces, CachedPartitionsDoNotTieMoreTasksToANodeThanItHasSlots) {
  const auto cached = b.shuffle({b.source(2)}, 4);
  b.persist(cached);
  c.lose_executor(2, false);
  c.submit(b.job(0, cached));
  c.finish_all();
  c.add_executor(3, 11, 2);
  c.submit(b.job(2, b.barrier(cached)));
  work(c, 20, 2);
  c.expect_job_succeeded(2, 4);
}

}  // namespace
}  // namespace volley::driver::testing
