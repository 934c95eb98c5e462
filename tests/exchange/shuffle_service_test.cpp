#include "exchange/shuffle_service.hpp"

#include "tests/exchange/simulated_world.hpp"

#include <gtest/gtest.h>

namespace volley::exchange::test {
namespace {

using protocol::ExchangeFinished;
using protocol::ShuffleRemoved;

MoverOptions tiny(Random& random) {
  MoverOptions options;
  options.segment_bytes = 1ULL << (random() % 13);
  options.window = static_cast<std::uint32_t>(1 + random() % 4);
  options.sending_peers = static_cast<std::uint32_t>(1 + random() % 3);
  options.staging_bytes = options.segment_bytes * (1 + random() % 3);
  return options;
}

World random_world(std::uint64_t seed) {
  Random random(seed);
  const auto ranks = 1 + random() % 6;
  std::vector<std::uint32_t> nodes(ranks);
  for (auto& node : nodes) node = static_cast<std::uint32_t>(random() % ranks);
  return World(seed, nodes, 4000, 4096, tiny(random));
}

void check_sizes(World& world, const ShufflePlan& plan) {
  for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
    world.send(driver, rank,
               protocol::ShuffleSizesRequested{plan.id, 5, plan.reducers,
                                               plan.maps[static_cast<std::size_t>(rank)]});
  }
  world.settle();
  std::vector<std::uint64_t> total(plan.reducers, 0);
  const auto answers = world.take<protocol::ShuffleSizes>();
  EXPECT_EQ(answers.size(), world.services.size());
  for (const auto& answer : answers) {
    EXPECT_EQ(answer.query, 5U);
    for (std::uint32_t p = 0; p < plan.reducers; ++p) total[p] += answer.bytes.at(p);
  }
  for (std::uint32_t p = 0; p < plan.reducers; ++p) {
    std::uint64_t expected = 0;
    for (const auto& [map, bytes] : plan.content.at(p)) expected += bytes.size();
    EXPECT_EQ(total[p], expected);
  }
}

void check_holders(World& world, const ShufflePlan& plan, const std::vector<base::Rank>& holders) {
  for (std::uint32_t p = 0; p < plan.reducers; ++p) {
    if (holders[p] != base::no_rank) world.expect_content(holders[p], plan.id, p, plan.content);
  }
}

TEST(ShuffleService, MPI_002_RandomExchangesBringEveryByteToItsReader) {
  for (std::uint64_t seed = 0; seed < 90; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    const auto maps = static_cast<std::uint32_t>(1 + world.random() % 12);
    const auto reducers = static_cast<std::uint32_t>(1 + world.random() % 20);
    const auto plan = write_shuffle(world, 3, maps, reducers, seed % 5 == 0 ? 20000 : 600);
    world.settle();
    check_sizes(world, plan);
    // All at first, then some again or elsewhere, and some once more.
    std::vector<base::Rank> holders;
    for (std::uint64_t exchange = 0; exchange < 3; ++exchange) {
      holders = random_holders(world, reducers, exchange != 0);
      request_exchange(world, plan, exchange, holders);
      world.settle();
      expect_finished(world);
      check_holders(world, plan, holders);
    }
    EXPECT_EQ(world.dropped(), 0U);
    world.send_all(driver, ShuffleRemoved{plan.id});
    world.settle();
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST(ShuffleService, ConcurrentExchangesDoNotMix) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    World world = random_world(seed);
    std::vector<ShufflePlan> plans;
    std::vector<std::vector<base::Rank>> holders;
    for (std::uint32_t number = 0; number < 4; ++number) {
      plans.push_back(write_shuffle(world, number, 6, 8, 1500));
    }
    world.settle();
    // The driver's requests reach the ranks in different orders.
    for (const auto& plan : plans) {
      holders.push_back(random_holders(world, plan.reducers, false));
    }
    for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
      std::vector<std::size_t> order{0, 1, 2, 3};
      std::shuffle(order.begin(), order.end(), world.random);
      for (const std::size_t i : order) {
        world.send(driver, rank, request_of(plans[i], rank, 0, holders[i]));
      }
    }
    world.settle();
    const auto answers = world.take<ExchangeFinished>();
    EXPECT_EQ(answers.size(), 4 * world.services.size());
    for (std::size_t i = 0; i < plans.size(); ++i) check_holders(world, plans[i], holders[i]);
    world.send_all(driver, protocol::ApplicationDataRemoved{application});
    world.settle();
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST(ShuffleService, WithinANodeNothingIsCopied) {
  World world(1, {0, 0, 0}, 1000, 4096, {});
  const auto plan = write_shuffle(world, 0, 6, 6, 9000);
  world.settle();
  const auto before = world.arenas.at(0).used_slabs();
  request_exchange(world, plan, 0, {0, 1, 2, 0, 1, 2});
  world.settle();
  EXPECT_EQ(expect_finished(world), 0U);
  EXPECT_EQ(world.arenas.at(0).used_slabs(), before);
  EXPECT_EQ(world.fabric.largest, 0U);
  check_holders(world, plan, {0, 1, 2, 0, 1, 2});
  world.send_all(driver, ShuffleRemoved{plan.id});
  world.settle();
  world.expect_empty();
}

TEST(ShuffleService, KeepsTheWindowAndTheSegmentSize) {
  MoverOptions options;
  options.segment_bytes = 512;
  options.window = 3;
  World world(2, {0, 1}, 1000, 4096, options);
  const auto plan = write_shuffle(world, 0, 10, 4, 30000);
  world.settle();
  request_exchange(world, plan, 0, {0, 1, 0, 1});
  world.settle();
  std::uint64_t crossing = 0;
  for (std::uint32_t p = 0; p < 4; ++p) {
    for (const std::uint32_t map : plan.maps[p % 2 == 0 ? 1 : 0]) {
      crossing += plan.content.at(p).at(map).size();
    }
  }
  EXPECT_EQ(expect_finished(world), crossing);
  EXPECT_EQ(world.fabric.most_flying, 3U);
  EXPECT_EQ(world.fabric.largest, 512U);
  world.send_all(driver, ShuffleRemoved{plan.id});
  world.settle();
  world.expect_empty();
}

TEST(ShuffleService, OffersMayComeBeforeTheRequest) {
  World world(3, {0, 1, 1}, 1000, 4096, {});
  const auto plan = write_shuffle(world, 0, 9, 6, 2000);
  world.settle();
  const std::vector<base::Rank> holders{2, 2, 2, 2, 2, 2};
  for (const base::Rank rank : {0, 1}) {
    world.send(driver, rank, request_of(plan, rank, 0, holders));
  }
  world.settle();  // rank 2 has both offers and no request
  EXPECT_EQ(world.take<ExchangeFinished>().size(), 2U) << "its data is taken all the same";
  EXPECT_FALSE(world.read(2, plan.id, 0).first);
  world.send(driver, 2, request_of(plan, 2, 0, holders));
  world.settle();
  EXPECT_EQ(world.take<ExchangeFinished>().size(), 1U);
  check_holders(world, plan, holders);
  world.send_all(driver, ShuffleRemoved{plan.id});
  world.settle();
  world.expect_empty();
}

// Found by simulation: a driver that ended while it asked left offers without a request behind, and
// the data of every later exchange between the two ranks waited behind theirs.
TEST(ShuffleService, AnExchangeThatOnlySomeWereAskedForDoesNotHoldUpTheNext) {
  World world(11, {0, 1}, 1000, 4096, {});
  const auto lost = write_shuffle(world, 0, 9, 6, 2000);
  const auto next = write_shuffle(world, 1, 9, 6, 2000);
  world.settle();
  const std::vector<base::Rank> holders{1, 1, 1, 1, 1, 1};
  world.send(driver, 0, request_of(lost, 0, 0, holders));  // and none to rank 1
  world.settle();
  world.take<ExchangeFinished>();
  request_exchange(world, next, 0, holders);
  world.settle();
  expect_finished(world);
  check_holders(world, next, holders);
  world.send_all(driver, protocol::ApplicationDataRemoved{application});
  world.settle();
  world.expect_empty();
}

TEST(ShuffleService, APartitionThatIsNotHereIsNotFound) {
  World world(4, {0, 1}, 100, 4096, {});
  const auto plan = write_shuffle(world, 0, 4, 2, 100);
  world.settle();
  EXPECT_FALSE(world.read(0, plan.id, 0).first);
  request_exchange(world, plan, 0, {1, base::no_rank});
  world.settle();
  expect_finished(world);
  EXPECT_FALSE(world.read(0, plan.id, 0).first);
  EXPECT_TRUE(world.read(1, plan.id, 0).first);
  EXPECT_FALSE(world.read(1, plan.id, 1).first);
  world.send_all(driver, ShuffleRemoved{plan.id});
  world.settle();
  EXPECT_FALSE(world.read(1, plan.id, 0).first);
  world.expect_empty();
}

TEST(ShuffleService, ALaterAttemptReplacesAnEarlierOne) {
  World world(5, {0}, 100, 4096, {});
  const protocol::ShuffleId id{application, 0};
  // Too large to share a slab.
  const auto row = [](std::string text) {
    text.resize(2000);
    return text;
  };
  const auto write = [&](protocol::TaskId task, const std::string& text) {
    world.send(World::executor(0), 0, world.write_map(0, id, 0, task, {row(text)}));
    world.settle();
  };
  const auto exchange = [&](std::uint64_t number) {
    world.send(driver, 0, protocol::ExchangeRequested{id, number, {0}, {0}, {0}});
    world.settle();
    expect_finished(world);
  };
  write(7, "first");
  write(9, "second");
  EXPECT_EQ(world.arenas.at(0).used_slabs(), 1U);
  write(8, "an older one that comes late");
  EXPECT_EQ(world.dropped(), 1U);
  EXPECT_EQ(world.arenas.at(0).used_slabs(), 1U);
  exchange(0);
  world.expect_content(0, id, 0, {{0, {{0, row("second")}}}});
  // A reader may still be at the second when the third comes.
  write(10, "third");
  EXPECT_EQ(world.arenas.at(0).used_slabs(), 2U);
  world.expect_content(0, id, 0, {{0, {{0, row("second")}}}});
  exchange(1);
  world.expect_content(0, id, 0, {{0, {{0, row("third")}}}});
  world.send_all(driver, ShuffleRemoved{id});
  world.settle();
  world.expect_empty();
}

TEST(ShuffleService, AReplacedPartitionFreesWhatNobodyReads) {
  World world(6, {0, 1}, 100, 4096, {});
  const protocol::ShuffleId id{application, 0};
  const std::string row(20000, 'x');
  world.send(World::executor(0), 0, world.write_map(0, id, 0, 0, {row}));
  world.settle();
  ShufflePlan plan{id, 1, {{0}, {}}, {{0, {{0, row}}}}};
  request_exchange(world, plan, 0, {1});
  world.settle();
  const auto once = world.arenas.at(1).used_slabs();
  EXPECT_GE(once, 5U);
  request_exchange(world, plan, 1, {1});
  world.settle();
  EXPECT_EQ(world.arenas.at(1).used_slabs(), once);
  world.expect_content(1, id, 0, plan.content);
  request_exchange(world, plan, 2, {1});
  world.settle();
  EXPECT_EQ(world.arenas.at(1).used_slabs(), 2 * once);  // somebody may be reading the former
  world.send_all(driver, ShuffleRemoved{id});
  world.settle();
  world.expect_empty();
}

}  // namespace
}  // namespace volley::exchange::test
