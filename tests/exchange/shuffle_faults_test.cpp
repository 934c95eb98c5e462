// What the shuffle service does when things come late, twice, damaged or do not fit.

#include "exchange/shuffle_service.hpp"
#include "tests/exchange/simulated_world.hpp"

#include <gtest/gtest.h>

namespace volley::exchange::test {
namespace {

using protocol::ExchangeFinished;
using protocol::ShuffleRemoved;

const protocol::ShuffleId shuffle{application, 0};

MoverOptions small_segments() {
  MoverOptions options;
  options.segment_bytes = 256;
  options.window = 2;
  options.staging_bytes = 512;
  return options;
}

TEST(ShuffleFaults, LateMapOutputsAreDroppedAndTheirSlabsFreed) {
  World world(1, {0}, 100, 4096, {});
  world.send(driver, 0, ShuffleRemoved{shuffle});
  world.settle();
  world.send(World::executor(0), 0, world.write_map(0, shuffle, 0, 0, {"abc"}));
  EXPECT_EQ(world.arenas.at(0).used_slabs(), 1U);
  world.settle();
  EXPECT_EQ(world.dropped(), 1U);
  world.send(driver, 0, protocol::ApplicationDataRemoved{application});
  world.settle();
  world.send(World::executor(0), 0, world.write_map(0, {application, 9}, 0, 0, {"abc"}));
  world.settle();
  EXPECT_EQ(world.dropped(), 2U);
  world.expect_empty();
}

TEST(ShuffleFaults, AMapOutputOfAContainerThatIsGoneIsDropped) {
  World world(2, {0}, 100, 4096, {});
  const auto written = world.write_map(0, shuffle, 0, 0, {"abc"});
  world.send(protocol::at_rank(Role::node_manager, 0), 0,
             protocol::ContainerMemoryReleased{World::executor(0).container});
  world.settle();
  EXPECT_EQ(world.arenas.at(0).used_slabs(), 0U);
  ASSERT_TRUE(world.arenas.at(0).allocate(12345));  // somebody else has the slab now
  world.send(World::executor(0), 0, written);
  world.settle();
  EXPECT_EQ(world.dropped(), 1U);
  EXPECT_EQ(world.arenas.at(0).release_all(12345), 1U);
  world.expect_empty();
}

TEST(ShuffleFaults, MalformedMapOutputsAreRefused) {
  World world(3, {0}, 100, 4096, {});
  auto other_partition = world.write_map(0, shuffle, 0, 0, {"abc"});
  other_partition.chunks[0].partition = 1;
  auto other_place = world.write_map(0, shuffle, 1, 1, {"abc"});
  other_place.chunks[0].offset = ~0ULL;
  auto too_long = world.write_map(0, shuffle, 2, 2, {"abc"});
  too_long.chunks[0].bytes = 5000;
  auto other_slab = world.write_map(0, shuffle, 3, 3, {"abc"});
  other_slab.slabs.push_back(1ULL << 40U);
  for (const auto& bad : {other_partition, other_place, too_long, other_slab}) {
    world.send(World::executor(0), 0, bad);
  }
  world.send(driver, 0, world.write_map(0, shuffle, 4, 4, {""}));  // no executor of this rank
  world.settle();
  EXPECT_EQ(world.dropped(), 4U);
  world.send(driver, 0, ShuffleRemoved{shuffle});
  world.settle();
  world.expect_empty();
}

TEST(ShuffleFaults, EverythingTwiceChangesNothing) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {0, 1, 1, 2}, 2000, 4096, small_segments());
    const auto written = world.write_map(0, shuffle, 100, 100, {"", "x"});
    world.send(World::executor(0), 0, written);
    world.send(World::executor(0), 0, written);
    auto plan = write_shuffle(world, 0, 8, 4, 1000);
    plan.maps[0].push_back(100);
    plan.content[1][100] = "x";
    world.settle();
    EXPECT_EQ(world.dropped(), 1U);
    world.duplicate_offers = true;
    const auto holders = random_holders(world, 4, false);
    request_exchange(world, plan, 0, holders);
    request_exchange(world, plan, 0, holders);
    world.settle();
    expect_finished(world);
    EXPECT_GE(world.dropped(), 5U);
    for (std::uint32_t p = 0; p < 4; ++p) {
      world.expect_content(holders[p], plan.id, p, plan.content);
    }
    world.send_all(driver, ShuffleRemoved{shuffle});
    world.send_all(driver, ShuffleRemoved{shuffle});
    request_exchange(world, plan, 0, holders);
    request_exchange(world, plan, 1, holders);
    world.settle();
    EXPECT_TRUE(world.take<ExchangeFinished>().empty());
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST(ShuffleFaults, RemovalInTheMiddleOfAnExchangeLeavesNothing) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {0, 1, 1, 2}, 2000, 4096, small_segments());
    const auto plan = write_shuffle(world, 0, 8, 6, 3000);
    world.settle();
    // Some ranks may never hear of the exchange.
    const auto holders = random_holders(world, 6, false);
    for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
      if (seed % 2 == 0 || world.random() % 2 == 0) {
        world.send(driver, rank, request_of(plan, rank, 0, holders));
      }
    }
    for (auto steps = world.random() % 400; steps > 0; --steps) world.step();
    if (seed % 3 == 0) {
      world.send_all(protocol::at_rank(Role::node_manager, 0),
                     protocol::ApplicationDataRemoved{application});
    } else {
      world.send_all(driver, ShuffleRemoved{shuffle});
    }
    world.settle();
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST(ShuffleFaults, AFullArenaFailsTheExchangeClearlyAndLeaksNothing) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {0, 0, 1}, 200, 4096, small_segments());
    // Somebody else holds most of node 1.
    ASSERT_TRUE(world.arenas.at(1).allocate(12345, 197));
    ShufflePlan plan{shuffle, 3, {{0}, {1}, {}}, {}};
    for (const base::Rank rank : {0, 1}) {
      const auto map = static_cast<std::uint32_t>(rank);
      std::vector<std::string> rows{std::string(10000, 'a'), "b", std::string(9000, 'c')};
      for (std::uint32_t p = 0; p < 3; ++p) plan.content[p][map] = rows[p];
      world.send(World::executor(rank), rank, world.write_map(rank, shuffle, map, map, rows));
    }
    world.settle();
    request_exchange(world, plan, 0, {2, 0, 2});
    world.settle();
    const auto answers = world.take<ExchangeFinished>();
    ASSERT_EQ(answers.size(), 3U);
    std::string error;
    for (const auto& answer : answers) error += answer.error;
    EXPECT_NE(error.find("shuffle 0 of application_1732060800_0001: rank 2"), std::string::npos);
    EXPECT_NE(error.find("of 200 slabs of 4.0 KiB are in use"), std::string::npos) << error;
    EXPECT_NE(error.find("raise volley.arena.size (now 800.0 KiB)"), std::string::npos) << error;
    EXPECT_EQ(world.arenas.at(1).used_slabs(), 197U);
    EXPECT_FALSE(world.read(2, shuffle, 0).first);
    world.expect_content(0, shuffle, 1, plan.content);
    // With room it works.
    world.arenas.at(1).release_all(12345);
    request_exchange(world, plan, 1, {2, 0, 2});
    world.settle();
    expect_finished(world);
    for (const std::uint32_t p : {0U, 2U}) world.expect_content(2, shuffle, p, plan.content);
    world.send_all(driver, ShuffleRemoved{shuffle});
    world.settle();
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST(ShuffleFaults, DamageOnTheWayIsFoundAndNamed) {
  World world(7, {0, 1}, 100, 4096, {});
  const ShufflePlan plan{shuffle, 2, {{5}, {}}, {}};
  world.send(World::executor(0), 0, world.write_map(0, shuffle, 5, 0, {"", std::string(700, 'x')}));
  world.settle();
  world.fabric.damage_next = true;
  request_exchange(world, plan, 0, {1, 1});
  world.settle();
  std::string error;
  std::vector<std::uint32_t> damaged;
  for (const auto& answer : world.take<ExchangeFinished>()) {
    error += answer.error;
    damaged.insert(damaged.end(), answer.damaged.begin(), answer.damaged.end());
  }
  EXPECT_EQ(damaged, std::vector<std::uint32_t>{5});
  EXPECT_NE(error.find("shuffle 0 of application_1732060800_0001: map output 5, partition 1 "
                       "arrived damaged from rank 0 over the network"),
            std::string::npos)
      << error;
  EXPECT_EQ(world.arenas.at(1).used_slabs(), 0U);
  // Another exchange, of the output as another attempt writes it, works.
  world.send(World::executor(0), 0, world.write_map(0, shuffle, 5, 1, {"", std::string(700, 'y')}));
  world.settle();
  request_exchange(world, plan, 1, {1, 1});
  world.settle();
  expect_finished(world);
  world.expect_content(1, shuffle, 1, {{1, {{5, std::string(700, 'y')}}}});
  world.send_all(driver, ShuffleRemoved{shuffle});
  world.settle();
  world.expect_empty();
}

TEST(ShuffleFaults, WithoutChecksumsDamageStaysUnknown) {
  World world(7, {0, 1}, 100, 4096, {});
  const ShufflePlan plan{shuffle, 1, {{5}, {}}, {}};
  auto written = world.write_map(0, shuffle, 5, 0, {std::string(700, 'x')});
  for (auto& chunk : written.chunks) chunk.checksum = 0;
  world.send(World::executor(0), 0, written);
  world.settle();
  world.fabric.damage_next = true;
  request_exchange(world, plan, 0, {1});
  world.settle();
  expect_finished(world);
  const auto [found, rows] = world.read(1, shuffle, 0);
  EXPECT_TRUE(found);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_NE(rows[0].second, std::string(700, 'x'));
  world.send_all(driver, ShuffleRemoved{shuffle});
  world.settle();
  world.expect_empty();
}

TEST(ShuffleFaults, AMapOutputThatIsNotHereFailsTheExchange) {
  World world(8, {0, 1}, 100, 4096, {});
  const ShufflePlan plan{shuffle, 1, {{0, 1}, {2}}, {}};
  world.send(World::executor(0), 0, world.write_map(0, shuffle, 0, 0, {"abc"}));
  world.settle();
  request_exchange(world, plan, 0, {1});
  world.settle();
  const auto answers = world.take<ExchangeFinished>();
  ASSERT_EQ(answers.size(), 2U);
  for (const auto& answer : answers) {
    EXPECT_NE(answer.error.find("does not hold the output of map partitions"), std::string::npos);
  }
  world.send_all(driver, ShuffleRemoved{shuffle});
  world.settle();
  world.expect_empty();
}

}  // namespace
}  // namespace volley::exchange::test
