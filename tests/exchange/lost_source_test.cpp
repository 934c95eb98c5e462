// What the shuffle services of survivors do when a rank has died in the middle of exchanges.

#include "exchange/shuffle_service.hpp"
#include "tests/exchange/simulated_world.hpp"

#include <gtest/gtest.h>

namespace volley::exchange::test {
namespace {

using protocol::ExchangeFinished;
using protocol::ExchangeRequested;
using protocol::ShuffleRemoved;
using protocol::SourceLost;

MoverOptions tiny(Random& random) {
  MoverOptions options;
  options.segment_bytes = 1ULL << (6 + random() % 6);
  options.window = static_cast<std::uint32_t>(1 + random() % 4);
  options.sending_peers = static_cast<std::uint32_t>(1 + random() % 3);
  options.staging_bytes = options.segment_bytes * (1 + random() % 3);
  return options;
}

class LostSource {
 public:
  explicit LostSource(std::uint64_t seed) : world(make_world(seed)) {
    const auto maps = static_cast<std::uint32_t>(4 + world.random() % 12);
    reducers = static_cast<std::uint32_t>(1 + world.random() % 20);
    plan = write_shuffle(world, 3, maps, reducers, seed % 4 == 0 ? 20000 : 600);
    // Not rank 0, where the driver of these tests is.
    victim = static_cast<base::Rank>(1 + world.random() % (world.services.size() - 1));
    codec = static_cast<protocol::Codec>(world.random() % protocol::codecs);
  }

  void request(std::uint64_t exchange, const std::vector<base::Rank>& holders) {
    for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
      ExchangeRequested request = request_of(plan, rank, exchange, holders);
      request.codec = codec;
      world.send(driver, rank, request);
    }
  }

  /// The news reaches the survivors at any time, each at its own.
  void tell() {
    for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
      if (rank == victim) continue;
      world.send(protocol::at_rank(Role::node_manager, rank), rank, SourceLost{victim});
      for (auto steps = world.random() % 200; steps != 0; --steps) world.step();
    }
  }

  /// What lineage does: the survivors write the lost map outputs once more.
  void recompute() {
    auto lost = std::exchange(plan.maps[static_cast<std::size_t>(victim)], {});
    for (const std::uint32_t map : lost) {
      base::Rank rank = victim;
      while (rank == victim) rank = static_cast<base::Rank>(world.random() % world.services.size());
      std::vector<std::string> rows(reducers);
      for (std::uint32_t p = 0; p < reducers; ++p) rows[p] = plan.content[p][map];
      plan.maps[static_cast<std::size_t>(rank)].push_back(map);
      world.send(World::executor(rank), rank, world.write_map(rank, plan.id, map, 100 + map, rows));
    }
    world.settle();
  }

  std::vector<base::Rank> surviving_holders() {
    std::vector<base::Rank> holders = random_holders(world, reducers, false);
    for (base::Rank& holder : holders) {
      while (holder == victim) {
        holder = static_cast<base::Rank>(world.random() % world.services.size());
      }
    }
    return holders;
  }

  World world;
  ShufflePlan plan;
  std::uint32_t reducers = 0;
  base::Rank victim = 0;
  protocol::Codec codec = protocol::Codec::none;

 private:
  static World make_world(std::uint64_t seed) {
    Random random(seed);
    const auto ranks = 2 + random() % 4;
    std::vector<std::uint32_t> nodes(ranks);
    for (auto& node : nodes) node = static_cast<std::uint32_t>(random() % ranks);
    return World(seed, nodes, 6000, 4096, tiny(random));
  }
};

TEST(LostSource, SurvivorsExchangeAgainAndKeepNothingOfTheBrokenExchange) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    LostSource lost(seed);
    World& world = lost.world;
    world.settle();
    lost.request(0, random_holders(world, lost.reducers, false));
    for (auto steps = world.random() % 2000; steps != 0; --steps) world.step();
    world.kill(lost.victim);
    for (auto steps = world.random() % 500; steps != 0; --steps) world.step();
    lost.tell();
    world.take<ExchangeFinished>();
    lost.recompute();
    world.take<ExchangeFinished>();

    const auto holders = lost.surviving_holders();
    lost.request(1, holders);
    world.settle();
    std::size_t finished = 0;
    for (const auto& answer : world.take<ExchangeFinished>()) {
      EXPECT_EQ(answer.error, "");
      finished += answer.exchange == 1 ? 1 : 0;
    }
    EXPECT_EQ(finished, world.services.size() - 1);
    for (std::uint32_t p = 0; p < lost.reducers; ++p) {
      world.expect_content(holders[p], lost.plan.id, p, lost.plan.content);
    }
    world.send_all(driver, ShuffleRemoved{lost.plan.id});
    world.settle();
    world.expect_empty();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(LostAttempt, ItsDataGoesAndLaterShufflesOfTheApplicationWork) {
  World world(5, {0, 1}, 1000, 4096, {});
  write_shuffle(world, 3, 4, 4, 600);
  world.settle();
  world.send_all(protocol::at_rank(Role::node_manager, 0),
                 protocol::AttemptDataRemoved{application, 1});
  world.settle();
  world.expect_empty();
  const ShufflePlan next = write_shuffle(world, base::shuffles_per_attempt + 3, 4, 4, 600);
  world.settle();
  // The news of the first attempt's end may come when the second one is at work.
  world.send_all(protocol::at_rank(Role::node_manager, 0),
                 protocol::AttemptDataRemoved{application, 1});
  world.settle();
  const std::vector<base::Rank> holders{0, 1, 0, 1};
  request_exchange(world, next, 0, holders);
  world.settle();
  expect_finished(world);
  for (std::uint32_t p = 0; p < 4; ++p) {
    world.expect_content(holders[p], next.id, p, next.content);
  }
}

TEST(LostSource, ARequestThatStillNamesTheDeadRankNeitherHangsNorEndsWell) {
  LostSource lost(11);
  World& world = lost.world;
  while (lost.plan.maps[static_cast<std::size_t>(lost.victim)].empty()) {
    lost.victim = lost.victim % (world.ranks() - 1) + 1;
  }
  world.settle();
  world.kill(lost.victim);
  lost.tell();
  world.settle();
  lost.request(0, lost.surviving_holders());
  world.settle();
  for (const auto& answer : world.take<ExchangeFinished>()) EXPECT_EQ(answer.bytes_received, 0U);
  for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
    EXPECT_FALSE(world.service(rank).busy() && rank != lost.victim);
  }
  world.send_all(driver, ShuffleRemoved{lost.plan.id});
  world.settle();
  world.expect_empty();
}

}  // namespace
}  // namespace volley::exchange::test
