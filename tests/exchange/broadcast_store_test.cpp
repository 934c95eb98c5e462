// Broadcasts among the ranks of a simulated world: who gets them from whom, what stays, and what
// goes when.

#include "exchange/checksum.hpp"
#include "exchange/shuffle_service.hpp"
#include "tests/exchange/simulated_world.hpp"

#include <gtest/gtest.h>

namespace volley::exchange::test {
namespace {

using protocol::BroadcastLocated;
using protocol::BroadcastReleased;
using protocol::BroadcastReleaseRequested;
using protocol::BroadcastRemoved;
using protocol::BroadcastWanted;

const protocol::BroadcastId id{application, 1, 0};
constexpr std::uint64_t slab_bytes = 4096;

std::vector<std::uint32_t> random_nodes(Random& random) {
  std::vector<std::uint32_t> nodes;
  const auto ranks = 2 + random() % 8;
  const auto groups = 1 + random() % 4;
  for (std::uint64_t r = 0; r < ranks; ++r) {
    nodes.push_back(static_cast<std::uint32_t>(random() % groups));
  }
  return nodes;
}

/// A broadcast of rank 0's driver, and one executor on each rank.
class Broadcasts {
 public:
  Broadcasts(std::uint64_t seed, std::vector<std::uint32_t> ranks, std::size_t bytes,
             std::uint64_t slabs = 64)
      : nodes(std::move(ranks)), world(seed, nodes, slabs, slab_bytes, {}) {
    for (std::size_t i = 0; i < bytes; ++i) value += static_cast<char>(world.random());
    const auto owner = storage::container_owner(0, driver.container);
    const auto first = world.arena(0).allocate(
        owner, std::max<std::uint64_t>((bytes + slab_bytes - 1) / slab_bytes, 1));
    protocol::BroadcastData data;
    data.offset = world.arena(0).offset_of(first.value());
    data.bytes = bytes;
    data.piece_bytes = 1 + world.random() % 3000;
    data.name = "Broadcast(0)";
    std::byte* const base = world.arena(0).at(data.offset);
    std::memcpy(base, value.data(), bytes);
    for (std::uint64_t i = 0; i < pieces_of(data); ++i) {
      data.checksums.push_back(checksum_of(piece_of(data, base, i)));
    }
    world.send(driver, 0, protocol::BroadcastWritten{id, data});
    world.settle();
  }
  explicit Broadcasts(std::uint64_t seed)
      : Broadcasts(seed, nodes_of(seed), Random(seed)() % 4 == 0 ? 0 : Random(seed)() % 60000) {}
  static std::vector<std::uint32_t> nodes_of(std::uint64_t seed) {
    Random random(seed + 1000);
    return random_nodes(random);
  }

  void want(base::Rank rank) { world.send(World::executor(rank), rank, BroadcastWanted{id, 0}); }
  void want_all() {
    for (base::Rank rank = 0; rank < world.ranks(); ++rank) want(rank);
  }
  /// Does what executors do with the answers, until all is quiet.
  void settle() {
    for (bool again = true; again;) {
      world.settle();
      again = false;
      for (const auto& [envelope, located] : world.take_envelopes<BroadcastLocated>()) {
        if (located.ask == base::no_rank) {
          answers[envelope.to.rank].emplace_back(envelope.from.rank, located);
        } else {
          world.send(envelope.to, located.ask, BroadcastWanted{id, 0});
          again = true;
        }
      }
    }
  }
  /// The executor lets go what it has.
  void let_go(base::Rank rank) {
    for (const auto& [holder, located] : answers[rank]) {
      if (located.error.empty()) world.send(World::executor(rank), holder, BroadcastReleased{id});
    }
    answers.erase(rank);
  }
  void let_all_go() {
    for (base::Rank rank = 0; rank < world.ranks(); ++rank) let_go(rank);
    settle();
  }
  void expect_read(base::Rank rank) {
    ASSERT_FALSE(answers[rank].empty()) << "rank " << rank;
    const auto& located = answers[rank].back().second;
    ASSERT_EQ(located.error, "");
    const auto* bytes = reinterpret_cast<const char*>(world.arena(rank).at(located.data.offset));
    EXPECT_EQ(std::string(bytes, located.data.bytes), value) << "rank " << rank;
  }
  std::size_t holders() {
    std::size_t count = 0;
    for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
      count += world.service(rank).broadcasts().holds(id) ? 1U : 0U;
    }
    return count;
  }
  std::uint64_t used_slabs() {
    std::uint64_t used = 0;
    for (const auto& [node, arena] : world.arenas) used += arena.used_slabs();
    return used;
  }
  void remove(const std::string& destroyed) {
    world.send(driver, 0, BroadcastRemoved{id, destroyed});
    settle();
  }
  void end() {
    world.send_all(driver, protocol::ApplicationDataRemoved{application});
    settle();
    world.expect_empty();
  }

  std::vector<std::uint32_t> nodes;
  World world;
  std::string value;
  std::map<base::Rank, std::vector<std::pair<base::Rank, BroadcastLocated>>> answers;
};

TEST(BroadcastStore, BCAST_003_EveryNodeGetsOneCopyAndEveryExecutorReadsIt) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Broadcasts b(seed);
    const std::uint64_t one = b.used_slabs();
    b.want_all();
    b.settle();
    for (base::Rank rank = 0; rank < b.world.ranks(); ++rank) b.expect_read(rank);
    const std::set<std::uint32_t> nodes(b.nodes.begin(), b.nodes.end());
    EXPECT_EQ(b.holders(), nodes.size());
    EXPECT_EQ(b.used_slabs(), nodes.size() * one);
    b.end();
  }
}

TEST(BroadcastStore, BCAST_005_NothingMovesBeforeSomebodyReads) {
  Broadcasts b(1, {0, 1, 2}, 50000);
  EXPECT_EQ(b.holders(), 1U);
  EXPECT_EQ(b.world.fabric.largest, 0U);
  b.want(2);
  b.settle();
  b.expect_read(2);
  EXPECT_EQ(b.holders(), 2U) << "the node that reads, not the other one";
  b.end();
}

TEST(BroadcastStore, BCAST_006_UnpersistLeavesTheDriversCopyAndDestroyNone) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Broadcasts b(seed, {0, 1, 1, 2, 3, 3}, 30000);
    const std::uint64_t one = b.used_slabs();
    b.want_all();
    b.settle();
    EXPECT_EQ(b.holders(), 4U);
    b.let_all_go();
    EXPECT_EQ(b.holders(), 4U) << "it stays for the next task";
    b.remove("");
    EXPECT_EQ(b.holders(), 1U);
    EXPECT_EQ(b.used_slabs(), one);
    b.want_all();
    b.settle();
    for (base::Rank rank = 0; rank < b.world.ranks(); ++rank) b.expect_read(rank);
    b.let_all_go();
    b.remove("destroy at main.cpp:7");
    EXPECT_EQ(b.holders(), 0U);
    EXPECT_EQ(b.used_slabs(), 0U);
    b.want(2);
    b.settle();
    ASSERT_EQ(b.answers[2].size(), 1U);
    const std::string& error = b.answers[2][0].second.error;
    EXPECT_NE(error.find("Attempted to use Broadcast(0) after it was destroyed"),
              std::string::npos);
    EXPECT_NE(error.find("main.cpp:7"), std::string::npos) << "BCAST_010";
    b.end();
  }
}

TEST(BroadcastStore, MemoryStaysUntilItsReadersLetGo) {
  Broadcasts b(3, {0, 1, 1}, 20000);
  const std::uint64_t one = b.used_slabs();
  b.want_all();
  b.settle();
  b.remove("destroy at main.cpp:7");
  EXPECT_EQ(b.used_slabs(), 2 * one);
  EXPECT_EQ(b.world.take<BroadcastReleaseRequested>().size(), 3U);
  b.let_go(0);
  b.let_go(1);
  b.settle();
  EXPECT_EQ(b.used_slabs(), 2 * one) << "an executor reads it, and the origin serves its node";
  b.expect_read(2);
  b.let_go(2);
  b.settle();
  EXPECT_EQ(b.used_slabs(), 0U);
  b.end();
}

TEST(BroadcastStore, AnExecutorThatDiesLetsGoAndItsSuccessorReadsTheSameCopy) {
  Broadcasts b(4, {0, 1, 1}, 20000);
  b.want(2);
  b.settle();
  const auto before = b.answers[2][0].second.data.offset;
  const auto node_manager = protocol::at_rank(Role::node_manager, 2);
  b.world.send(node_manager, 2, protocol::ContainerMemoryReleased{World::executor(2).container});
  b.settle();
  b.answers.clear();
  b.want(2);
  b.settle();
  EXPECT_EQ(b.answers[2][0].second.data.offset, before);
  b.world.send(node_manager, 2, protocol::ContainerMemoryReleased{World::executor(2).container});
  b.settle();
  b.answers.clear();
  b.remove("destroy at main.cpp:7");
  EXPECT_EQ(b.used_slabs(), 0U) << "nobody waits for the dead";
  b.end();
}

TEST(BroadcastStore, WhatArrivesDamagedIsFetchedAgain) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Broadcasts b(seed, {0, 1, 2, 3}, 10000 + seed * 100);
    b.world.fabric.damage_data_message = seed % 7;
    b.want_all();
    b.settle();
    for (base::Rank rank = 0; rank < b.world.ranks(); ++rank) b.expect_read(rank);
    b.end();
  }
}

TEST(BroadcastStore, ALostRankCostsNobodyElseTheBroadcast) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Broadcasts b(seed, Broadcasts::nodes_of(seed), 40000);
    const auto ranks = b.world.ranks();
    const auto victim =
        static_cast<base::Rank>(1 + b.world.random() % (static_cast<std::uint64_t>(ranks) - 1));
    b.want_all();
    for (auto steps = b.world.random() % 300; steps != 0; --steps) b.world.step();
    b.world.kill(victim);
    for (auto steps = b.world.random() % 100; steps != 0; --steps) b.world.step();
    for (base::Rank rank = 0; rank < ranks; ++rank) {
      if (rank == victim) continue;
      b.world.send(protocol::at_rank(Role::node_manager, rank), rank, protocol::SourceLost{victim});
    }
    b.settle();
    // Executors hear of the loss from the driver, and ask their own rank again.
    for (base::Rank rank = 0; rank < ranks; ++rank) {
      if (rank != victim && b.answers[rank].empty()) b.want(rank);
    }
    b.settle();
    for (base::Rank rank = 0; rank < ranks; ++rank) {
      if (rank != victim) b.expect_read(rank);
    }
    b.end();
  }
}

TEST(BroadcastStore, ANodeWithoutRoomSaysSoAndTheOthersGetIt) {
  Broadcasts b(5, {0, 1, 2}, 40000, 12);
  storage::NodeArena& full = b.world.arena(1);
  const auto other = storage::container_owner(1, World::executor(1).container);
  ASSERT_TRUE(full.allocate(other, 6));
  b.want(1);
  b.settle();
  b.want(2);
  b.settle();
  b.expect_read(2);
  EXPECT_NE(b.answers[1].at(0).second.error.find("no room for the"), std::string::npos);
  full.release_all(other);
  b.want(1);
  b.settle();
  b.expect_read(1);
  b.end();
}

TEST(BroadcastStore, WhatNobodyKnowsIsAnError) {
  Broadcasts b(6, {0, 1}, 100);
  for (const base::Rank rank : {0, 1}) {
    b.world.send(World::executor(rank), rank, BroadcastWanted{{application, 1, 77}, 0});
    b.settle();
    EXPECT_NE(b.answers[rank].at(0).second.error, "");
  }
  b.end();
}

TEST(BroadcastTree, NobodySendsToMoreThanTwo) {
  BroadcastTree tree(0);
  std::map<base::Rank, int> children;
  std::map<base::Rank, int> depth;
  for (base::Rank rank = 1; rank < 1024; ++rank) {
    const base::Rank parent = tree.join(rank, {});
    EXPECT_LE(++children[parent], 2);
    depth[rank] = depth[parent] + 1;
    EXPECT_LE(depth[rank], 10);
  }
}

TEST(BroadcastTree, LostRanksAreNoParents) {
  BroadcastTree tree(0);
  EXPECT_EQ(tree.join(1, {}), 0);
  EXPECT_EQ(tree.join(2, {}), 0);
  EXPECT_EQ(tree.join(3, {1}), 0);
  EXPECT_EQ(tree.join(4, {}), 1);
  EXPECT_EQ(tree.join(4, {}), 0) << "who asks again gets the origin";
  tree.clear();
  EXPECT_EQ(tree.join(4, {}), 0);
}

}  // namespace
}  // namespace volley::exchange::test
