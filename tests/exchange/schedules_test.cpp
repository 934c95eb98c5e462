// The schedules of the all-to-all algorithms, played by all ranks of made-up machines.
#include "exchange/alltoall/schedules.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace volley::exchange {
namespace {

using Nodes = std::vector<std::uint32_t>;
using testing::ElementsAre;

Nodes equal_nodes(std::uint32_t nodes, std::uint32_t ranks_each) {
  Nodes of_rank;
  for (std::uint32_t i = 0; i < nodes * ranks_each; ++i) of_rank.push_back(i / ranks_each);
  return of_rank;
}

const std::vector<Nodes> machines = {
    {0},          equal_nodes(1, 2),     equal_nodes(1, 3), equal_nodes(1, 8),  {0, 1, 2, 3, 4},
    {0, 0, 1},    equal_nodes(2, 2),     {0, 1, 0, 1},      equal_nodes(3, 4),  equal_nodes(4, 3),
    {0, 0, 0, 1}, {0, 1, 1, 2, 2, 2, 2}, equal_nodes(5, 2), equal_nodes(2, 16),
};

TEST(PairwiseSteps, EveryPairOnceAndNobodyTwiceInAStep) {
  for (const Nodes& nodes : machines) {
    const int ranks = static_cast<int>(nodes.size());
    std::set<std::pair<int, int>> pairs;
    for (int rank = 0; rank < ranks; ++rank) {
      const auto steps = pairwise_steps(rank, nodes);
      ASSERT_EQ(steps.size(), nodes.size() - 1);
      std::set<int> sources;
      for (const Partners& step : steps) {
        EXPECT_NE(step.send_to, rank);
        EXPECT_NE(step.receive_from, rank);
        pairs.emplace(rank, step.send_to);
        sources.insert(step.receive_from);
      }
      EXPECT_EQ(sources.size(), nodes.size() - 1);
    }
    EXPECT_EQ(pairs.size(), nodes.size() * (nodes.size() - 1));
  }
}

/// With one message in flight each way, whoever is first at both ends moves, until nothing is left.
TEST(PairwiseSteps, CannotBlock) {
  for (const Nodes& nodes : machines) {
    std::vector<std::vector<Partners>> steps;
    for (std::size_t rank = 0; rank < nodes.size(); ++rank) {
      steps.push_back(pairwise_steps(static_cast<int>(rank), nodes));
    }
    std::vector<std::size_t> sent(nodes.size()), received(nodes.size());
    bool moved = true;
    while (moved) {
      moved = false;
      for (std::size_t rank = 0; rank < nodes.size(); ++rank) {
        if (sent[rank] == steps[rank].size()) continue;
        const auto to = static_cast<std::size_t>(steps[rank][sent[rank]].send_to);
        if (steps[to][received[to]].receive_from != static_cast<int>(rank)) continue;
        ++sent[rank];
        ++received[to];
        moved = true;
      }
    }
    for (std::size_t rank = 0; rank < nodes.size(); ++rank) {
      EXPECT_EQ(sent[rank], nodes.size() - 1);
    }
  }
}

TEST(PairwiseSteps, RanksOfANodeTalkToDifferentNodesAtATime) {
  const Nodes nodes = equal_nodes(4, 4);
  // Lists leave out a rank's step with itself: find the rank's n-th step again by its place.
  std::map<std::size_t, std::multiset<std::uint32_t>> targets;  // of node 0, by step
  for (int rank = 0; rank < 4; ++rank) {
    const std::size_t own_step = static_cast<std::size_t>((4 - rank) % 4) * 4;
    std::size_t step = 0;
    for (const Partners& each : pairwise_steps(rank, nodes)) {
      if (step == own_step) ++step;
      targets[step++].insert(nodes[static_cast<std::size_t>(each.send_to)]);
    }
    if (step == own_step) ++step;
  }
  for (const auto& [step, those] : targets) {
    for (const std::uint32_t node : those) EXPECT_EQ(those.count(node), 1U) << "step " << step;
  }
}

TEST(Bruck, BringsEveryBlockToItsRank) {
  for (std::uint32_t ranks = 1; ranks <= 17; ++ranks) {
    using Block = std::pair<std::uint32_t, std::uint32_t>;  // from, to
    std::vector<std::vector<Block>> slots(ranks);
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      for (std::uint32_t i = 0; i < ranks; ++i) slots[rank].push_back({rank, (rank + i) % ranks});
    }
    for (std::uint32_t distance = 1; distance < ranks; distance *= 2) {
      const auto before = slots;
      for (std::uint32_t rank = 0; rank < ranks; ++rank) {
        for (const std::uint32_t slot : bruck_slots(ranks, distance)) {
          slots[(rank + distance) % ranks][slot] = before[rank][slot];
        }
      }
    }
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      for (std::uint32_t i = 0; i < ranks; ++i) {
        EXPECT_EQ(slots[rank][i], Block((rank + ranks - i) % ranks, rank)) << ranks;
      }
    }
  }
}

TEST(Bruck, SlicesStayWithinTheStagingMemory) {
  EXPECT_EQ(bruck_slice(4, 100, 1 << 20), 100U);
  EXPECT_EQ(bruck_slice(4, 1 << 20, 1000), 100U);
  EXPECT_EQ(bruck_slice(4, 1 << 20, 3), 1U);
  EXPECT_EQ(bruck_slice(1, 0, 1 << 20), 1U);
}

TEST(NodeMap, AgentsSpeakForTheirNodeAndShareTheWork) {
  for (const Nodes& nodes : machines) {
    for (std::size_t rank = 0; rank < nodes.size(); ++rank) {
      const NodeMap map(static_cast<int>(rank), nodes);
      EXPECT_EQ(map.own(), nodes[rank]);
      EXPECT_EQ(map.targets().size(), map.nodes() - 1);
      std::map<int, std::uint32_t> work;
      for (const std::uint32_t other : map.targets()) {
        const int agent = map.agent(map.own(), other);
        EXPECT_EQ(nodes[static_cast<std::size_t>(agent)], map.own());
        ++work[agent];
      }
      const auto local = map.ranks(map.own()).size();
      for (const auto& [agent, count] : work) {
        EXPECT_LE(count, (map.nodes() - 1 + local - 1) / local);
      }
      auto sources = map.sources();
      std::reverse(sources.begin(), sources.end());
      EXPECT_EQ(sources, map.targets());
    }
  }
}

TEST(NodeMap, SlicesAreTheSameOnAllRanksAndBounded) {
  for (const Nodes& nodes : machines) {
    const std::uint64_t slice = NodeMap(0, nodes).slice(1 << 20, 100'000);
    for (std::size_t rank = 0; rank < nodes.size(); ++rank) {
      EXPECT_EQ(NodeMap(static_cast<int>(rank), nodes).slice(1 << 20, 100'000), slice);
    }
    EXPECT_LE(slice * nodes.size() * 2, 100'000U);
    EXPECT_EQ(NodeMap(0, nodes).slice(10, 1 << 30), 10U);
    EXPECT_EQ(NodeMap(0, nodes).slice(10, 0), 1U);
  }
}

TEST(LibraryUnits, CountInBytesWhileThatFits) {
  const auto small = ExchangeShape::packed({3, 4}, {5, 6});
  EXPECT_EQ(library_units(small, 6).unit, 1U);
  EXPECT_TRUE(library_units(small, 6).fits);
  EXPECT_FALSE(library_units(small, 5).fits);
}

TEST(LibraryUnits, CountInTheLargestCommonPowerOfTwo) {
  constexpr std::uint64_t gib = 1ULL << 30U;
  const auto large = ExchangeShape::packed({3 * gib, 6 * gib}, {5 * gib, gib});
  EXPECT_EQ(library_units(large, 0x7fffffff).unit, gib);
  EXPECT_TRUE(library_units(large, 0x7fffffff).fits);
  const auto odd = ExchangeShape::packed({3 * gib, 6 * gib}, {5 * gib + 8, gib});
  EXPECT_EQ(library_units(odd, 0x7fffffff).unit, 8U);
  EXPECT_TRUE(library_units(odd, 0x7fffffff).fits);
  const auto hopeless = ExchangeShape::packed({3 * gib, 6 * gib}, {5 * gib + 1, gib});
  EXPECT_FALSE(library_units(hopeless, 0x7fffffff).fits);
}

TEST(ExchangeShape, PackedBlocksFollowEachOther) {
  const auto shape = ExchangeShape::packed({3, 0, 5}, {1, 2, 3});
  EXPECT_THAT(shape.send_offsets, ElementsAre(0, 3, 3));
  EXPECT_THAT(shape.receive_offsets, ElementsAre(0, 1, 3));
  EXPECT_EQ(shape.bytes_sent(), 8U);
  EXPECT_EQ(shape.bytes_received(), 6U);
}

TEST(ExchangeShape, SlicesCoverABlock) {
  for (const std::uint64_t bytes : {0U, 1U, 9U, 10U, 11U, 35U}) {
    std::uint64_t sum = 0;
    for (std::uint64_t round = 0; round < rounds_of(bytes, 10); ++round) {
      sum += slice_of(bytes, 10, round);
    }
    EXPECT_EQ(sum, bytes);
  }
  EXPECT_EQ(rounds_of(0, 10), 1U);
  EXPECT_EQ(slice_of(35, 10, 9), 0U);
}

}  // namespace
}  // namespace volley::exchange
