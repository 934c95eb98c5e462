#include "rank0_rm/admission.hpp"

#include "rank0_rm/container_scheduler.hpp"

#include <gmock/gmock.h>

namespace volley::rm {
namespace {

using protocol::DeployMode;
using protocol::Submission;
using ::testing::HasSubstr;

constexpr std::uint64_t gibibyte = 1ULL << 30U;

/// Three ranks of one node with 2 slots and 4 GiB; rank 2 is a gpu.
ClusterCapacity cluster() {
  std::vector<RankCapacity> ranks(3);
  for (RankCapacity& rank : ranks) {
    rank.slots = 2;
    rank.memory = 4 * gibibyte;
  }
  ranks[2].label = "gpu";
  return ClusterCapacity(std::move(ranks));
}

Submission submission() {
  Submission submission;
  submission.driver_memory = {gibibyte};
  return submission;
}

TEST(Admission, WhatFitsAnIdleClusterIsTaken) {
  Submission one = submission();
  EXPECT_EQ(why_never(cluster(), one, {0}), "");
  one.executor_cores = 6;
  one.executor_memory = {3 * gibibyte};
  EXPECT_EQ(why_never(cluster(), one, {0}), "") << "several ranks of the node";
  one.executor_label = "gpu";
  one.executor_cores = 2;
  EXPECT_EQ(why_never(cluster(), one, {0}), "");
}

TEST(Admission, RefusesExecutorsThatNoNodeHoldsAndSaysWhatFits) {
  Submission one = submission();
  one.executor_cores = 7;
  EXPECT_EQ(why_never(cluster(), one, {0}),
            "no executor can be granted: one needs 7 cores; the largest node has 6 to give; what "
            "fits: 2 cores and 4.0 GiB, overhead included, on one rank (volley.executor.cores, "
            "volley.executor.memory)");
  one.executor_cores = 0;
  one.executor_memory = {5 * gibibyte};
  EXPECT_THAT(why_never(cluster(), one, {0}), HasSubstr("what fits: 2 cores and 4.0 GiB"));
}

TEST(Admission, CountsWhatTheMasterTakes) {
  Submission one = submission();
  one.executor_cores = 6;
  one.driver_cores = 1;
  EXPECT_THAT(why_never(cluster(), one, {0}), HasSubstr("the largest node has 5 to give"));
}

TEST(Admission, RefusesLabelsThatNobodyHas) {
  Submission one = submission();
  one.executor_label = "fpga";
  EXPECT_EQ(why_never(cluster(), one, {0}),
            "no executor can be granted: no rank has the label 'fpga'");
  one = submission();
  one.master_label = "fpga";
  EXPECT_THAT(why_never(cluster(), one, {0}), HasSubstr("volley.am.nodeLabelExpression"));
}

TEST(Admission, RefusesDriversThatNoRankHolds) {
  Submission one = submission();
  one.driver_memory = {5 * gibibyte};
  EXPECT_THAT(why_never(cluster(), one, {0}), HasSubstr("the largest rank has 2 slots and 4.0"));
  one.deploy_mode = DeployMode::client;
  EXPECT_THAT(why_never(cluster(), one, {0}), HasSubstr("rank 0 has 2 slots and 4.0 GiB"));
}

TEST(Admission, MastersGoWhereTheirLabelIs) {
  ClusterCapacity capacity = cluster();
  EXPECT_EQ(place_master(capacity, 0, {gibibyte}, "gpu")->front().rank, 2);
  EXPECT_EQ(place_master(capacity, 0, {gibibyte})->front().rank, 1);
}

TEST(Admission, ExcludedNodesAreNotUsed) {
  std::vector<RankCapacity> ranks(2);
  for (std::uint32_t i = 0; i < 2; ++i) {
    ranks[i].node = i;
    ranks[i].slots = 2;
    ranks[i].memory = gibibyte;
  }
  ClusterCapacity capacity(std::move(ranks));
  protocol::ContainerAsk ask;
  ask.count = 4;
  ask.excluded_nodes = {1};
  EXPECT_EQ(place(capacity, ask).size(), 2U);
  ask.excluded_nodes = {0, 1};
  EXPECT_EQ(why_not_one(capacity, ask), "all nodes that it may use are excluded (2 of 2)");
}

}  // namespace
}  // namespace volley::rm
