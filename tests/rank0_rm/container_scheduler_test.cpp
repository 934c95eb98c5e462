#include "rank0_rm/container_scheduler.hpp"

#include "protocol/containers.hpp"

#include <gmock/gmock.h>

#include <random>

namespace volley::rm {
namespace {

using base::ByteCount;
using base::Rank;
using protocol::ContainerAsk;
using protocol::ContainerMember;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RankCapacity rank_of(std::uint32_t node, std::uint32_t slots, std::uint64_t memory,
                     std::string label = "") {
  return {node, slots, memory, std::move(label), 0, 0};
}

ClusterCapacity uniform(std::size_t ranks, std::size_t per_node, std::uint32_t slots,
                        std::uint64_t memory) {
  std::vector<RankCapacity> table;
  for (std::size_t i = 0; i < ranks; ++i) {
    table.push_back(rank_of(static_cast<std::uint32_t>(i / per_node), slots, memory));
  }
  return ClusterCapacity(std::move(table));
}

ContainerAsk ask_for(std::uint32_t count, std::uint32_t cores, std::uint64_t memory) {
  ContainerAsk ask;
  ask.count = count;
  ask.cores = cores;
  ask.memory = {memory};
  return ask;
}

std::vector<Rank> first_ranks(const std::vector<Members>& placed) {
  std::vector<Rank> ranks;
  for (const Members& members : placed) ranks.push_back(members.front().rank);
  return ranks;
}

TEST(ContainerScheduler, SpreadsRoundRobinWithRankZeroLast) {
  ClusterCapacity capacity = uniform(3, 3, 2, 100);
  EXPECT_THAT(first_ranks(place(capacity, ask_for(5, 1, 10))), ElementsAre(1, 2, 0, 1, 2));
}

TEST(ContainerScheduler, PreferredRanksComeFirst) {
  ClusterCapacity capacity = uniform(4, 2, 2, 100);
  ContainerAsk ask = ask_for(3, 1, 10);
  ask.preferred = {3};
  EXPECT_THAT(first_ranks(place(capacity, ask)), ElementsAre(3, 3, 1));
}

TEST(ContainerScheduler, PrefersOneRankToAGroup) {
  ClusterCapacity capacity({rank_of(0, 1, 100), rank_of(0, 1, 100), rank_of(0, 2, 100)});
  const auto placed = place(capacity, ask_for(2, 2, 50));
  ASSERT_EQ(placed.size(), 2U);
  EXPECT_EQ(placed[0].size(), 1U);
  EXPECT_EQ(placed[0][0].rank, 2);
  ASSERT_EQ(placed[1].size(), 2U);
  EXPECT_EQ(placed[1][0].rank, 1);
  EXPECT_EQ(placed[1][1].rank, 0);
  EXPECT_EQ(capacity.at(1).used_memory, 25U);
}

TEST(ContainerScheduler, AGroupStaysOnOneNode) {
  ClusterCapacity capacity = uniform(4, 2, 1, 100);
  EXPECT_TRUE(place(capacity, ask_for(1, 3, 10)).empty());
  EXPECT_TRUE(capacity.idle());
}

TEST(ContainerScheduler, MemoryLimitsAsCoresDo) {
  ClusterCapacity capacity = uniform(2, 2, 8, 100);
  EXPECT_EQ(place(capacity, ask_for(8, 1, 60)).size(), 2U);
}

TEST(ContainerScheduler, LabelsMustMatch) {
  ClusterCapacity capacity(
      {rank_of(0, 4, 100, "cpu"), rank_of(1, 4, 100, "gpu"), rank_of(2, 4, 100)});
  ContainerAsk ask = ask_for(2, 4, 10);
  ask.label = "gpu";
  EXPECT_THAT(first_ranks(place(capacity, ask)), ElementsAre(1));
  ask.label = "fpga";
  EXPECT_THAT(why_not_one(capacity, ask), HasSubstr("no rank has the label 'fpga'"));
}

TEST(ContainerScheduler, MasterAvoidsRankZeroUnlessAlone) {
  ClusterCapacity three = uniform(3, 3, 1, 100);
  EXPECT_EQ(place_master(three, 0, {60})->front().rank, 1);
  EXPECT_EQ(place_master(three, 0, {60})->front().rank, 2);
  EXPECT_FALSE(place_master(three, 0, {60})) << "waits for ranks 1 and 2 though 0 has room";
  ClusterCapacity one = uniform(1, 1, 1, 100);
  EXPECT_EQ(place_master(one, 0, {60})->front().rank, 0);
  ClusterCapacity uneven({rank_of(0, 4, 500), rank_of(0, 1, 100)});
  EXPECT_EQ(place_master(uneven, 0, {200})->front().rank, 0) << "no other rank could ever";
}

TEST(ContainerScheduler, SaysWhichLimitBlocks) {
  const ClusterCapacity capacity = uniform(4, 2, 2, 1ULL << 30U);
  EXPECT_EQ(why_not_one(capacity, ask_for(1, 2, 1ULL << 30U)), "");
  EXPECT_EQ(why_not_one(capacity, ask_for(1, 5, 1)),
            "one needs 5 cores; the largest node has 4 to give");
  EXPECT_EQ(why_not_one(capacity, ask_for(1, 1, 3ULL << 30U)),
            "one needs 3.0 GiB of memory; the largest node has 2.0 GiB to give");
  EXPECT_THAT(
      why_not_one(capacity, ask_for(1, 1, 3ULL << 29U)),
      HasSubstr("1 core and 1.5 GiB on one node; the largest rank has 2 slots and 1.0 GiB"));
}

TEST(ContainerScheduler, SaysWhyFewer) {
  ClusterCapacity capacity = uniform(2, 2, 1, 1ULL << 30U);
  const ContainerAsk ask = ask_for(5, 1, 1ULL << 30U);
  ASSERT_EQ(place(capacity, ask).size(), 2U);
  EXPECT_EQ(why_fewer(capacity, ask, 5, 2),
            "wanted 5 executors of 1 core and 1.0 GiB; 2 granted; free now: 0 slots and 0 B of "
            "memory on 2 ranks");
}

/// Random clusters and asks: nothing beyond capacity (take() checks), groups on one node with the
/// slots asked for, never fewer than asked while one more would fit, everything returnable.
TEST(ContainerScheduler, RandomAsksKeepTheInvariants) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](unsigned low, unsigned high) {
      return std::uniform_int_distribution<unsigned>(low, high)(random);
    };
    std::vector<RankCapacity> ranks;
    for (unsigned i = 0, n = pick(1, 12); i < n; ++i) {
      ranks.push_back(rank_of(pick(0, 3), pick(1, 8), pick(1, 1000), pick(0, 1) ? "gpu" : ""));
    }
    ClusterCapacity capacity(std::move(ranks));
    std::vector<std::pair<ContainerMember, ByteCount>> held;
    for (int round = 0; round < 10; ++round) {
      ContainerAsk ask = ask_for(pick(1, 6), pick(1, 10), pick(0, 400));
      if (pick(0, 3) == 0) ask.label = "gpu";
      const auto placed = place(capacity, ask);
      ASSERT_LE(placed.size(), ask.count) << "seed " << seed;
      for (const Members& members : placed) {
        std::uint32_t slots = 0;
        for (const ContainerMember& member : members) {
          ASSERT_EQ(member.node, members.front().node) << "seed " << seed;
          ASSERT_TRUE(ask.label.empty() || capacity.at(member.rank).label == ask.label);
          slots += member.slots;
          held.push_back({member, protocol::slots_share(ask.memory, ask.cores, member.slots)});
        }
        ASSERT_EQ(slots, ask.cores) << "seed " << seed;
      }
      if (placed.size() < ask.count) {
        ASSERT_NE(why_not_one(capacity, ask), "") << "seed " << seed;
      }
    }
    for (const auto& [member, memory] : held) capacity.give_back(member, memory);
    ASSERT_TRUE(capacity.idle()) << "seed " << seed;
  }
}

TEST(ContainerScheduler, PlacesOnManyRanks) {
  ClusterCapacity capacity = uniform(100000, 64, 1, 100);
  EXPECT_EQ(place(capacity, ask_for(100000, 1, 100)).size(), 100000U);
}

}  // namespace
}  // namespace volley::rm
