#include "am/executor_policy.hpp"

#include <gtest/gtest.h>

namespace volley::am {
namespace {

using namespace protocol;

ApplicationMasterAccepted cluster() {
  ApplicationMasterAccepted cluster;
  cluster.total_slots = 12;
  cluster.rank_slots = 4;
  cluster.node_slots = 8;
  cluster.rank_memory = {1000};
  cluster.node_memory = {2000};
  cluster.ranks = 3;
  return cluster;
}

TEST(ExecutorPolicy, ResolvesZeros) {
  struct Row {
    ExecutorsRequested request;
    std::uint32_t count, cores;
    bool as_many;
  };
  const Row rows[] = {
      {{5, 2, {10}}, 5, 2, false},  {{0, 0, {10}}, 3, 4, true},    {{0, 1, {10}}, 12, 1, true},
      {{0, 1, {600}}, 5, 1, true},  {{0, 8, {1500}}, 1, 8, true},  {{7, 0, {10}}, 7, 4, false},
      {{0, 64, {10}}, 1, 64, true}, {{0, 1, {99999}}, 1, 1, true},
  };
  for (const Row& row : rows) {
    const ExecutorNeed need = resolve(row.request, cluster(), {0});
    EXPECT_EQ(need.count, row.count);
    EXPECT_EQ(need.cores, row.cores);
    EXPECT_EQ(need.as_many_as_fit, row.as_many);
  }
}

TEST(ExecutorPolicy, MemoryThatNobodyAskedForIsAShareOfTheRank) {
  constexpr std::uint64_t mebibyte = 1ULL << 20U;
  ApplicationMasterAccepted large = cluster();
  large.rank_memory = {16000 * mebibyte};
  const auto memory = [&](std::uint32_t cores, std::uint64_t own) {
    return resolve({0, cores, {0}}, large, {own * mebibyte}).memory.value / mebibyte;
  };
  EXPECT_EQ(memory(0, 1000), 12000U);
  EXPECT_EQ(memory(1, 1000), 3000U);
  EXPECT_EQ(memory(2, 8000), 4000U);
  EXPECT_EQ(memory(8, 1000), 12000U);
  EXPECT_EQ(memory(0, 17000), 1U);
  EXPECT_EQ(resolve({0, 0, {0}}, large, {0}).count, 3U);
}

TEST(ExecutorPolicy, FailureLimit) {
  EXPECT_EQ(executor_failure_limit(5, 100, 4), 5U);
  EXPECT_EQ(executor_failure_limit(0, 1, 1), 3U);
  EXPECT_EQ(executor_failure_limit(0, 1, 4), 8U);
  EXPECT_EQ(executor_failure_limit(0, 10, 4), 20U);
}

TEST(ExecutorPolicy, WhoCausedIt) {
  for (const std::int32_t status : {0, 1, 139, 137, -104}) {
    EXPECT_TRUE(caused_by_application({status, 0, "", 0})) << status;
  }
  for (const std::int32_t status : {-100, -101, -102, -105, -106, -107, -1000}) {
    EXPECT_FALSE(caused_by_application({status, 0, "", 0})) << status;
  }
}

TEST(ExecutorPolicy, YARN_012_WhatCountsTowardsTheFailureLimit) {
  for (const std::int32_t status :
       {0, exit_node_lost, exit_disks_failed, exit_preempted, exit_stopped_by_am,
        exit_stopped_by_rm, exit_after_completion}) {
    EXPECT_FALSE(counts_as_failure({status, 0, "", 0})) << status;
  }
  for (const std::int32_t status :
       {1, 137, 143, exit_silent, exit_launch_failed, exit_over_virtual_memory, exit_over_memory}) {
    EXPECT_TRUE(counts_as_failure({status, 0, "", 0})) << status;
  }
}

constexpr std::uint64_t mib = 1ULL << 20U;

ApplicationMasterAccepted large_cluster() {
  ApplicationMasterAccepted large = cluster();
  large.rank_memory = {16000 * mib};
  return large;
}

TEST(ExecutorPolicy, YARN_014_OverheadIsAFactorOfTheMemoryUnlessSaid) {
  const auto container = [](std::uint64_t memory, MemoryOverhead overhead) {
    const ExecutorNeed need = resolve({1, 1, {memory * mib}, overhead}, large_cluster(), {0});
    EXPECT_EQ(need.memory.value, memory * mib);
    return need.container.value / mib;
  };
  EXPECT_EQ(container(1000, {{0}, 0.5, {384 * mib}}), 1500U);
  EXPECT_EQ(container(1000, {{0}, 0.1, {384 * mib}}), 1384U) << "at least the minimum";
  EXPECT_EQ(container(1000, {{400 * mib}, 0.5, {384 * mib}}), 1400U) << "said is said";
  EXPECT_EQ(container(1000, {{100 * mib}, 0.5, {384 * mib}}), 1100U) << "even below the minimum";
}

TEST(ExecutorPolicy, OverheadOfASharedRankComesOutOfWhatStaysFree) {
  const auto need = [](std::uint64_t own, double factor) {
    return resolve({0, 4, {0}, {{0}, factor, {384 * mib}}}, large_cluster(), {own * mib});
  };
  EXPECT_EQ(need(1000, 0.1).memory.value / mib, 12000U);
  EXPECT_EQ(need(1000, 0.1).container.value / mib, 13200U);
  EXPECT_EQ(need(8000, 0.5).memory.value / mib, 4000U) << "no room: the memory gives way";
  EXPECT_EQ(need(8000, 0.5).container.value / mib, 8000U);
}

TEST(ExecutorPolicy, AChangingNeedIsWhatItSaysAndNoMoreThanTheClusterHolds) {
  ExecutorsRequested request{0, 1, {10}};
  request.exact = true;
  EXPECT_EQ(resolve(request, cluster(), {0}).count, 0U);
  EXPECT_EQ(resolve(request, cluster(), {0}).most, 12U);
  request.count = 100;
  request.most = 7;
  EXPECT_EQ(resolve(request, cluster(), {0}).count, 12U);
  EXPECT_EQ(resolve(request, cluster(), {0}).most, 7U);
  EXPECT_FALSE(resolve(request, cluster(), {0}).as_many_as_fit);
}

}  // namespace
}  // namespace volley::am
