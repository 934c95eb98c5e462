// Exchanges of compressed data bring the same bytes as others.

#include "exchange/shuffle_service.hpp"
#include "tests/exchange/simulated_world.hpp"

#include <gtest/gtest.h>

namespace volley::exchange::test {
namespace {

using protocol::Codec;
using protocol::ExchangeFinished;
using protocol::ShuffleRemoved;

MoverOptions segments_of(std::uint64_t bytes) {
  MoverOptions options;
  options.segment_bytes = bytes;
  options.window = 2;
  options.staging_bytes = 2 * bytes;
  return options;
}

void request(World& world, const ShufflePlan& plan, std::uint64_t exchange,
             const std::vector<base::Rank>& holders, Codec codec) {
  for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
    auto request = request_of(plan, rank, exchange, holders);
    request.codec = codec;
    world.send(driver, rank, request);
  }
}

/// Texts that compress, bytes that do not, nothing, and a few bytes, by turns.
std::string mixed_bytes(Random& random, std::size_t limit) {
  const std::size_t size = random() % limit;
  const auto kind = random() % 4;
  if (kind == 0) return {};
  if (kind == 1) return random_bytes(random, 40);
  if (kind == 2) return random_bytes(random, limit);
  std::string text;
  while (text.size() < size) text += "word" + std::to_string(random() % 5);
  return text;
}

ShufflePlan write_mixed(World& world, std::uint32_t number, std::uint32_t maps,
                        std::uint32_t reducers, std::size_t limit) {
  ShufflePlan plan{{application, number}, reducers, {}, {}};
  plan.maps.resize(world.services.size());
  for (std::uint32_t map = 0; map < maps; ++map) {
    const auto rank = static_cast<base::Rank>(world.random() % world.services.size());
    std::vector<std::string> rows(reducers);
    for (std::uint32_t p = 0; p < reducers; ++p) {
      plan.content[p][map] = rows[p] = mixed_bytes(world.random, limit);
    }
    plan.maps[static_cast<std::size_t>(rank)].push_back(map);
    world.send(World::executor(rank), rank, world.write_map(rank, plan.id, map, map, rows));
  }
  return plan;
}

struct Totals {
  std::uint64_t received = 0;
  std::uint64_t wire = 0;
};
Totals finished(World& world) {
  Totals totals;
  for (const auto& answer : world.take<ExchangeFinished>()) {
    EXPECT_EQ(answer.error, "");
    totals.received += answer.bytes_received;
    totals.wire += answer.wire_bytes;
  }
  return totals;
}

void forget(World& world, const protocol::ShuffleId& id) {
  world.send_all(driver, ShuffleRemoved{id});
  world.settle();
}

class CompressedExchange : public testing::TestWithParam<Codec> {};

TEST_P(CompressedExchange, BringsEveryByteToItsReader) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::uint64_t segment = seed % 2 == 0 ? 4096 : 512;
    World world(seed, {0, 1, 1, 2}, 4000, 4096, segments_of(segment));
    const auto plan = write_mixed(world, 0, 8, 6, 20000);
    world.settle();
    const auto holders = random_holders(world, 6, false);
    request(world, plan, 0, holders, GetParam());
    world.settle();
    const Totals totals = finished(world);
    EXPECT_LE(totals.wire, totals.received + totals.received / 64 + 64 * 8 * 6);
    for (std::uint32_t p = 0; p < 6; ++p) {
      world.expect_content(holders[p], plan.id, p, plan.content);
    }
    EXPECT_LE(world.fabric.largest, segment);
    forget(world, plan.id);
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST_P(CompressedExchange, SendsLessOfWhatRepeatsItself) {
  World world(1, {0, 1}, 4000, 4096, segments_of(4096));
  const ShufflePlan plan{{application, 0}, 1, {{0}, {}}, {{0, {{0, std::string(100000, 'a')}}}}};
  world.send(World::executor(0), 0, world.write_map(0, plan.id, 0, 0, {std::string(100000, 'a')}));
  world.settle();
  request(world, plan, 0, {1}, GetParam());
  world.settle();
  const Totals totals = finished(world);
  EXPECT_EQ(totals.received, 100000U);
  EXPECT_LT(totals.wire, 10000U);
  EXPECT_NE(totals.wire, 0U);
  world.expect_content(1, plan.id, 0, plan.content);
  forget(world, plan.id);
  world.expect_empty();
}

TEST_P(CompressedExchange, DamageOfAnyMessageOfDataIsFound) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {0, 1}, 4000, 4096, segments_of(4096));
    const std::string text = [&] {
      std::string bytes;
      while (bytes.size() < 30000) bytes += "word" + std::to_string(world.random() % 50);
      return bytes;
    }();
    const ShufflePlan plan{{application, 0}, 1, {{5}, {}}, {{0, {{5, text}}}}};
    world.send(World::executor(0), 0, world.write_map(0, plan.id, 5, 0, {text}));
    world.settle();
    request(world, plan, 0, {1}, GetParam());
    world.fabric.damage_data_message = seed % 8;
    world.settle();
    const auto answers = world.take<ExchangeFinished>();
    std::vector<std::uint32_t> damaged;
    for (const auto& answer : answers) {
      damaged.insert(damaged.end(), answer.damaged.begin(), answer.damaged.end());
    }
    EXPECT_EQ(damaged, std::vector<std::uint32_t>{5});
    EXPECT_EQ(world.arenas.at(1).used_slabs(), 0U);
    forget(world, plan.id);
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST_P(CompressedExchange, DamageOfMessagesThatTellSizesDoesNoHarm) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {0, 1, 2}, 4000, 4096, segments_of(512));
    world.fabric.damage_sizes = true;
    const auto plan = write_mixed(world, 0, 8, 6, 5000);
    world.settle();
    const auto holders = random_holders(world, 6, false);
    request(world, plan, 0, holders, GetParam());
    world.settle();
    finished(world);
    for (std::uint32_t p = 0; p < 6; ++p)
      world.expect_content(holders[p], plan.id, p, plan.content);
    forget(world, plan.id);
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST_P(CompressedExchange, RemovalInTheMiddleLeavesNothing) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {0, 1, 1, 2}, 4000, 4096, segments_of(512));
    const auto plan = write_mixed(world, 0, 8, 6, 5000);
    world.settle();
    request(world, plan, 0, random_holders(world, 6, false), GetParam());
    for (auto steps = world.random() % 600; steps > 0; --steps) world.step();
    forget(world, plan.id);
    world.expect_empty();
    if (HasFailure()) return;
  }
}

TEST_P(CompressedExchange, ManySendersShareTwoBuffersAndNoneWaitsForEver) {
  World world(3, {0, 1, 2, 3, 4, 5, 6, 7}, 4000, 4096, segments_of(4096));
  const auto plan = write_mixed(world, 0, 24, 4, 20000);
  const auto plain = write_mixed(world, 1, 24, 4, 20000);
  world.settle();
  const std::vector<base::Rank> holders{0, 0, 0, 7};
  request(world, plan, 0, holders, GetParam());
  request(world, plain, 1, holders, Codec::none);
  world.settle();
  finished(world);
  for (std::uint32_t p = 0; p < 4; ++p) {
    world.expect_content(holders[p], plan.id, p, plan.content);
    world.expect_content(holders[p], plain.id, p, plain.content);
  }
  forget(world, plan.id);
  forget(world, plain.id);
  world.expect_empty();
}

INSTANTIATE_TEST_SUITE_P(Codecs, CompressedExchange, testing::Values(Codec::lz4, Codec::zstd));

}  // namespace
}  // namespace volley::exchange::test
