// Stages and their attempts: which are made, which run again after a loss, and which do not.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace volley::driver::testing {
namespace {

std::vector<std::uint32_t> partitions_of(const FakeCluster& c, base::StageId stage) {
  std::vector<std::uint32_t> partitions;
  for (const base::TaskId id : c.running_of(stage)) {
    partitions.push_back(c.tasks.at(id).launched.attempt.partition);
  }
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

void finish_stage(FakeCluster& c, base::StageId stage) {
  for (auto ids = c.running_of(stage); !ids.empty(); ids = c.running_of(stage)) c.finish(ids[0]);
}

using Partitions = std::vector<std::uint32_t>;

TEST(Stages, DAG_002_AShuffleThatSeveralRddsReadMakesOneStage) {
  LineageBuilder b;
  const auto a = b.source(2);
  const auto first = b.shuffle({a}, 2);
  const auto second = b.shuffle({a, first}, 2);
  const auto last = b.shuffle({second}, 2);
  const auto job = b.job(0, last);
  const Lineage lineage(job.rdds, {});
  const auto cuts = cut_stages(lineage, last);
  ASSERT_EQ(cuts.size(), 5U) << "four shuffles and the result";
  std::map<base::ShuffleNumber, std::vector<base::ShuffleNumber>> parents;
  for (const StageCut& cut : cuts) {
    if (cut.shuffle != nullptr) parents[cut.shuffle->shuffle] = cut.parents;
  }
  EXPECT_EQ(parents[0], (std::vector<base::ShuffleNumber>{}));
  EXPECT_EQ(parents[2], (std::vector<base::ShuffleNumber>{0}));
  EXPECT_EQ(parents[3], (std::vector<base::ShuffleNumber>{1, 2}));
  EXPECT_EQ(cuts.back().parents, (std::vector<base::ShuffleNumber>{3}));
}

TEST(Stages, DAG_004_ASmallJobLeavesNothingBehind) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.map(b.source(1))));
  c.finish_all();
  c.expect_job_succeeded(0, 1);
  EXPECT_TRUE(c.driver.idle());
  const auto shuffled = b.shuffle({b.source(2)}, 2);
  c.submit(b.job(1, shuffled));
  c.finish_all();
  c.submit(b.job(2, b.map(shuffled)));
  c.finish_all();
  c.expect_job_succeeded(2, 2);
  EXPECT_EQ(c.driver.summary().stages_skipped, 1U) << "its map outputs were there";
  EXPECT_EQ(c.launched, 1U + 4U + 2U);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, DAG_005_TasksPreferTheExecutorsThatHoldTheirCachedParent) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  const auto cached = b.source(4);
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  c.submit(b.job(1, b.map(cached)));
  ASSERT_EQ(c.tasks.size(), 4U);
  for (const auto& [id, task] : c.tasks) {
    const auto& blocks = c.executors.at(task.executor).cached;
    EXPECT_TRUE(blocks.contains({cached, task.launched.attempt.partition}));
  }
  c.finish_all();
}

TEST(Stages, DAG_007_ADeepLineageOfDiamondsIsWalkedOnce) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  auto rdd = b.source(1);
  b.persist(rdd);
  for (int level = 0; level < 30; ++level) rdd = b.join({b.map(rdd), b.map(rdd)});
  c.submit(b.job(0, rdd));  // 2^30 ways lead to the source
  c.finish_all();
  c.expect_job_succeeded(0, 1);
}

TEST(Stages, DAG_014_OneFailedFetchDoesNotEndTheJob) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2)}, 2)));
  finish_stage(c, 0);
  c.fail_fetch(c.running_of(1).front());
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, DAG_016_FailuresOfDifferentStagesDoNotAddUp) {
  Options options;
  options.max_consecutive_attempts = 3;
  FakeCluster c(options);
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.shuffle({b.source(1)}, 1)}, 1)));
  std::map<base::StageId, int> failures;
  for (int i = 0; i < 100 && !c.job_end(0); ++i) {
    c.tick(seconds{1});
    if (c.tasks.empty()) continue;
    const auto& [id, task] = *c.tasks.begin();
    const base::StageId stage = task.launched.attempt.stage;
    if (stage > 0 && ++failures[stage] <= 2) {
      c.fail_fetch(id);
    } else {
      c.finish(id);
    }
  }
  c.expect_job_succeeded(0, 1);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, DAG_023_AStageWaitsUntilItsInputsAreComplete) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(2), b.source(2)}, 2)));
  c.finish(0);
  c.finish(1);
  c.finish(2);
  EXPECT_TRUE(c.running_of(2).empty());
  c.hold_services = true;
  c.finish(3);
  EXPECT_TRUE(c.running_of(2).empty()) << "the data has not moved";
  c.release_services();
  EXPECT_EQ(c.running_of(2).size(), 2U);
  c.finish_all();
  c.expect_job_succeeded(0, 2);
}

/// A rank goes with its executor and everything it held.
void lose_rank(FakeCluster& c, LineageBuilder& b, base::ExecutorId executor, base::Rank rank) {
  c.lose_executor(executor, false);
  for (base::ShuffleNumber s = 0; s < b.shuffles(); ++s) c.wipe(s, rank);
  c.send(master_address, protocol::RankDataLost{rank, "rank was lost"});
}

TEST(Stages, DAG_024_LostOutputsAreFoundAtTheirNewPlace) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(4)}, 4)));
  base::TaskId there = 0;
  for (const base::TaskId id : c.running_of(0)) {
    if (c.tasks.at(id).executor == 2) there = id;
  }
  c.finish(there);
  lose_rank(c, b, 2, 11);
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_EQ(c.outputs[1][0].size(), 4U) << "all maps are on rank 1 now";
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, DAG_026_AStageOfTwoJobsGoesOnForTheOneThatIsLeft) {
  FakeCluster c;
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  const auto shuffled = b.shuffle({b.source(2)}, 2);
  auto first = b.job(0, shuffled);
  auto second = b.job(1, b.map(shuffled));
  first.pool = "first";
  second.pool = "second";
  c.submit(first);
  c.submit(second);
  c.send(program_address, protocol::JobCancelRequested{0, ""});
  EXPECT_FALSE(c.tasks.at(0).kill_requested) << "the other job needs it";
  finish_stage(c, 0);
  const auto reduces = c.running_of(2);
  ASSERT_EQ(reduces.size(), 2U);
  c.fail_fetch(reduces[0]);
  c.finish_all();
  c.expect_job_succeeded(1, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, DAG_028_ALossOfTwoGenerationsRunsBothAgainInOrder) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.shuffle({b.source(4)}, 4)}, 4)));
  finish_stage(c, 0);
  finish_stage(c, 1);
  ASSERT_EQ(c.running_of(2).size(), 4U);
  lose_rank(c, b, 2, 11);
  for (int i = 0; i < 10 && c.running_of(0).empty(); ++i) {
    while (!c.running_of(2).empty()) c.finish(c.running_of(2).front());
    c.tick(seconds{1});
  }
  EXPECT_EQ(partitions_of(c, 0).size(), 2U) << "the maps of the lost rank";
  EXPECT_TRUE(c.running_of(1).empty());
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, DAG_029_ACachedRddBehindAShuffleSparesTheStagesBeforeIt) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 11, 2);
  LineageBuilder b;
  const auto cached = b.shuffle({b.source(4)}, 4);
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  const std::uint64_t before = c.launched;
  c.submit(b.job(1, b.shuffle({b.map(cached)}, 2)));
  EXPECT_EQ(c.tasks.size(), 4U);
  c.finish_all();
  c.expect_job_succeeded(1, 2);
  EXPECT_EQ(c.launched - before, 4U + 2U) << "nothing before the cached RDD";
}

TEST(Stages, DAG_030_AReduceTaskRunsWhereItsInputIs) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  c.add_executor(2, 11, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 6)));
  c.finish_all();  // whoever reads from another node is noticed
  c.expect_job_succeeded(0, 6);
}

TEST(Stages, DAG_032_ACachedNarrowParentWinsOverShuffledOnes) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  c.add_executor(2, 2, 2);
  LineageBuilder b;
  const auto cached = b.source(4);
  b.persist(cached);
  c.submit(b.job(0, cached));
  c.finish_all();
  c.submit(b.job(1, b.join({b.map(cached), b.shuffle({b.source(2)}, 4)})));
  const base::StageId maps = c.tasks.begin()->second.launched.attempt.stage;
  finish_stage(c, maps);
  ASSERT_EQ(c.tasks.size(), 4U);
  for (const auto& [id, task] : c.tasks) {
    const auto& blocks = c.executors.at(task.executor).cached;
    EXPECT_TRUE(blocks.contains({cached, task.launched.attempt.partition}));
  }
  c.finish_all();
  c.expect_job_succeeded(1, 4);
}

TEST(Stages, DAG_043_WhatAnOldAttemptFinishesIsNotRunAgain) {
  FakeCluster c;
  c.add_executor(1, 1, 3);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 3)));
  c.finish(0);
  const auto old = c.running_of(1);
  ASSERT_EQ(old.size(), 3U);
  const auto held = c.held;
  c.fail_fetch(old[0]);
  c.tick(seconds{1});
  c.finish(c.running_of(0).front());
  ASSERT_EQ(c.tasks.size(), 3U) << "two of the old attempt, and one slot for the new one";
  c.held.insert(held.begin(), held.end());
  c.finish(old[1]);
  c.finish_all();
  c.expect_job_succeeded(0, 3);
  EXPECT_LT(c.launched, 2U + 3U + 3U) << "the partition that the old attempt brought ran once";
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, DAG_045_AStageHasAGreatestNumberOfAttempts) {
  Options options;
  options.max_stage_attempts = 2;
  FakeCluster c(options);
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 1)));
  for (int i = 0; i < 50 && !c.job_end(0); ++i) {
    c.tick(seconds{1});
    if (c.tasks.empty()) continue;
    const auto& [id, task] = *c.tasks.begin();
    if (task.launched.attempt.stage == 0) {
      c.finish(id);
    } else {
      c.fail_fetch(id);
    }
  }
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(
      c.job_end(0)->error.find("has been resubmitted for the maximum allowable number of times: 2"),
      std::string::npos)
      << c.job_end(0)->error;
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, FAIL_001_OnlyTheTaskThatFailedRunsAgain) {
  Options options;
  options.max_failures = 2;
  FakeCluster c(options);
  c.add_executor(1, 1, 3);
  LineageBuilder b;
  c.submit(b.job(0, b.source(3)));
  c.finish(1, TaskOutcome::exception, "bad record");
  c.finish_all();
  c.expect_job_succeeded(0, 3);
  EXPECT_EQ(c.launched, 4U);
}

TEST(Stages, FAIL_003_AMapStageThatAlwaysFailsFailsEachJobAnew) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  const auto shuffled = b.shuffle({b.source(1)}, 1);
  for (base::JobId job = 0; job < 2; ++job) {
    c.submit(b.job(job, shuffled));
    for (int i = 0; i < 4; ++i) {
      ASSERT_EQ(c.tasks.size(), 1U);
      c.finish(c.tasks.begin()->first, TaskOutcome::exception, "always");
    }
    ASSERT_TRUE(c.job_end(job).has_value());
    EXPECT_NE(c.job_end(job)->error.find("failed 4 times"), std::string::npos);
    EXPECT_TRUE(c.driver.idle());
  }
}

TEST(Stages, TSM_013_TSM_014_ResultsCountAndMapOutputsDoNot) {
  Options options;
  options.max_result_size = base::ByteCount{2U << 20U};
  FakeCluster c(options);
  c.add_executor(1, 1, 4);
  LineageBuilder b;
  c.result_bytes = 1U << 10U;
  c.submit(b.job(0, b.source(10)));
  c.finish_all();
  c.expect_job_succeeded(0, 10);
  c.result_bytes = 1U << 20U;
  c.submit(b.job(1, b.source(10)));
  c.finish_all();
  ASSERT_TRUE(c.job_end(1).has_value());
  EXPECT_NE(c.job_end(1)->error.find("is bigger than volley.driver.maxResultSize"),
            std::string::npos);
  c.result_bytes = 0;
  c.partition_bytes = [](std::uint32_t) { return std::uint64_t{100} << 20U; };
  c.submit(b.job(2, b.shuffle({b.source(4)}, 4)));
  c.finish_all();
  c.expect_job_succeeded(2, 4);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Stages, TSM_015_AVeryLargeTaskIsWarnedAboutOnceForItsStage) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  auto job = b.job(0, b.source(3));
  auto large = std::make_shared<protocol::RddSpec>(*job.rdds.front());
  for (auto& payload : large->payloads) {
    payload = std::make_shared<const protocol::Bytes>(1001U << 10U);
  }
  job.rdds = {large};
  c.submit(job);
  c.finish_all();
  c.expect_job_succeeded(0, 3);
  EXPECT_EQ(c.logged("task of very large size"), 1U);
  c.submit(b.job(1, b.source(3)));
  c.finish_all();
  EXPECT_EQ(c.logged("task of very large size"), 1U);
}

TEST(Stages, TSI_001_SmallJobsDoNotAllGoToOneExecutor) {
  FakeCluster c;
  for (base::ExecutorId id = 1; id <= 4; ++id) c.add_executor(id, 1, 1);
  LineageBuilder b;
  std::set<base::ExecutorId> used;
  for (base::JobId job = 0; job < 8; ++job) {
    c.submit(b.job(job, b.source(1)));
    used.insert(c.tasks.begin()->second.executor);
    c.finish_all();
  }
  EXPECT_EQ(used.size(), 4U);
}

TEST(Stages, TSI_005_AfterAZombieTheNewAttemptIsServed) {
  FakeCluster c;
  c.add_executor(1, 1, 10);
  LineageBuilder b;
  c.submit(b.job(0, b.shuffle({b.source(1)}, 10)));
  c.finish(0);
  const auto old = c.running_of(1);
  ASSERT_EQ(old.size(), 10U);
  c.fail_fetch(old[0]);
  for (std::size_t i = 1; i < old.size(); ++i) {
    c.finish(old[i], TaskOutcome::killed, "stopped");
  }
  c.tick(seconds{1});
  c.finish(c.running_of(0).front());
  EXPECT_EQ(c.running_of(1).size(), 10U);
  for (const base::TaskId id : c.running_of(1)) {
    EXPECT_EQ(c.tasks.at(id).launched.attempt.stage_attempt, 1U);
  }
  c.finish_all();
  c.expect_job_succeeded(0, 10);
}

TEST(Stages, TSI_011_NothingIsLeftOfTheTasksOfALostExecutor) {
  FakeCluster c;
  c.add_executor(1, 1, 1);
  LineageBuilder b;
  c.submit(b.job(0, b.source(1)));
  c.lose_executor(1);
  EXPECT_EQ(c.driver.scheduler().running(), 0U);
  c.add_executor(2, 1, 1);
  c.finish_all();
  c.expect_job_succeeded(0, 1);
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
