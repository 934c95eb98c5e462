// What users rely on: sizes that tell who has records, outputs that are found or missed, memory
// that comes back, and what happens when there is none.

#include "exchange/arena_full.hpp"
#include "exchange/shuffle_service.hpp"
#include "tests/exchange/simulated_world.hpp"

#include <gtest/gtest.h>

namespace volley::exchange::test {
namespace {

using protocol::ExchangeFinished;
using protocol::ShuffleRemoved;
using protocol::ShuffleSizes;
using protocol::ShuffleSizesRequested;

constexpr std::uint64_t slab = 4096;
constexpr storage::NodeArena::Owner stranger = 12345;
const protocol::ShuffleId shuffle{application, 0};

storage::NodeArena with_disk(std::uint64_t slabs, std::uint64_t disk_slabs) {
  return std::move(storage::NodeArena::create(
                       {slabs * slab, slab, ::testing::TempDir(), disk_slabs * slab}))
      .value();
}

MoverOptions small_segments() {
  MoverOptions options;
  options.segment_bytes = 256;
  options.window = 2;
  options.staging_bytes = 512;
  return options;
}

// --- sizes ---------------------------------------------------------------------------------------

TEST(ShuffleSizes, SHUF_002_MAPST_002_APartitionThatGotRecordsIsNeverReportedEmpty) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {0, 1, 1}, 2000, slab, {});
    const auto plan = write_shuffle(world, 0, 10, 30, 1 + seed % 3);  // a byte or two, or none
    world.settle();
    std::vector<std::uint64_t> reported(plan.reducers, 0);
    for (base::Rank rank = 0; rank < world.ranks(); ++rank) {
      world.send(driver, rank,
                 ShuffleSizesRequested{plan.id, rank + 1U, plan.reducers,
                                       plan.maps[static_cast<std::size_t>(rank)]});
    }
    world.settle();
    for (const auto& sizes : world.take<ShuffleSizes>()) {
      ASSERT_EQ(sizes.bytes.size(), plan.reducers);
      for (std::uint32_t p = 0; p < plan.reducers; ++p) reported[p] += sizes.bytes[p];
    }
    std::vector<std::uint64_t> written(plan.reducers, 0);
    for (const auto& [partition, rows] : plan.content) {
      for (const auto& [map, bytes] : rows) written[partition] += bytes.size();
    }
    EXPECT_EQ(reported, written) << "exact, so not 0 where there is something";
    world.send_all(driver, ShuffleRemoved{plan.id});
    world.settle();
    world.expect_empty();
  }
}

TEST(MapOutputs, MOT_002_AMissingOutputIsNamedAndRemovingTwiceChangesNothing) {
  World world(1, {0, 1}, 100, slab, {});
  const ShufflePlan plan{shuffle, 1, {{0, 1}, {}}, {}};
  world.send(World::executor(0), 0, world.write_map(0, shuffle, 0, 0, {"abc"}));
  world.settle();
  request_exchange(world, plan, 0, {1});
  world.settle();
  std::vector<std::uint32_t> missed;
  for (const auto& answer : world.take<ExchangeFinished>()) {
    missed.insert(missed.end(), answer.damaged.begin(), answer.damaged.end());
    if (!answer.error.empty()) {
      EXPECT_NE(answer.error.find("rank 0 does not hold the output of map partitions 1"),
                std::string::npos)
          << answer.error;
    }
  }
  EXPECT_EQ(missed, std::vector<std::uint32_t>{1});
  world.send_all(driver, ShuffleRemoved{shuffle});
  world.settle();
  const std::uint64_t dropped = world.dropped();
  world.send_all(driver, ShuffleRemoved{shuffle});
  world.settle();
  EXPECT_EQ(world.dropped(), dropped + 2) << "recognised as late";
  world.expect_empty();
}

TEST(MapOutputs, MOT_001_MOT_003_AReaderGetsEveryBlockWithItsPlaceAndSizeAndNoEmptyOnes) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {0, 0, 1}, 2000, slab, small_segments());
    const auto plan = write_shuffle(world, 0, 6, 5, 2000);
    world.settle();
    const auto holders = random_holders(world, plan.reducers, false);
    request_exchange(world, plan, 0, holders);
    world.settle();
    expect_finished(world);
    for (std::uint32_t p = 0; p < plan.reducers; ++p) {
      world.send(World::executor(holders[p]), holders[p],
                 protocol::PartitionRequested{plan.id, p, 1});
      world.settle();
      const auto listed = world.take<protocol::PartitionListed>();
      ASSERT_EQ(listed.size(), 1U);
      std::map<std::uint32_t, std::string> found;
      for (const auto& chunk : listed[0].chunks) {
        EXPECT_NE(chunk.bytes, 0U) << "map " << chunk.map;
        EXPECT_NE(chunk.records, 0U);
        const auto* at = reinterpret_cast<const char*>(world.arena(holders[p]).at(chunk.offset));
        found[chunk.map].append(at, chunk.bytes);
      }
      auto expected = plan.content.at(p);
      std::erase_if(expected, [](const auto& row) { return row.second.empty(); });
      EXPECT_EQ(found, expected) << "partition " << p;
    }
    world.send_all(driver, ShuffleRemoved{plan.id});
    world.settle();
    world.expect_empty();
  }
}

// --- where data goes when memory is out ----------------------------------------------------------

/// A world of two nodes in which somebody else holds all memory of the second, which has a disk.
class FullReceiver : public ::testing::Test {
 protected:
  explicit FullReceiver(std::uint64_t disk_slabs = 1000) : world(3, {0, 1}, 100, slab, {}) {
    world.arenas.at(1) = with_disk(4, disk_slabs);
    EXPECT_TRUE(world.arenas.at(1).allocate(stranger, 4));
    for (std::uint32_t map = 0; map < 2; ++map) {
      std::vector<std::string> rows{std::string(3 * slab + map, 'a'), std::string(9, 'b')};
      for (std::uint32_t p = 0; p < 2; ++p) plan.content[p][map] = rows[p];
      world.send(World::executor(0), 0, world.write_map(0, shuffle, map, map, rows));
    }
    world.settle();
  }
  void remove() {
    world.send_all(driver, ShuffleRemoved{shuffle});
    world.arenas.at(1).release_all(stranger);
    world.settle();
    world.expect_empty();
  }

  World world;
  ShufflePlan plan{shuffle, 2, {{0, 1}, {}}, {}};
};

TEST_F(FullReceiver, FETCH_006_WhatMemoryHasNoRoomForIsReceivedOnDisk) {
  request_exchange(world, plan, 0, {1, 1});
  world.settle();
  expect_finished(world);
  EXPECT_GE(world.arenas.at(1).used_disk_slabs(), 7U);
  for (const std::uint32_t p : {0U, 1U}) world.expect_content(1, shuffle, p, plan.content);
  remove();
}

TEST_F(FullReceiver, SHUF_012_RemovingAShuffleFreesMemoryAndDiskOfAllWhoKeptAnyOfIt) {
  request_exchange(world, plan, 0, {1, 0});
  world.settle();
  expect_finished(world);
  EXPECT_GT(world.arenas.at(0).used_slabs(), 0U);
  EXPECT_GT(world.arenas.at(1).used_disk_slabs(), 0U);
  world.send_all(driver, ShuffleRemoved{shuffle});
  world.settle();
  EXPECT_EQ(world.arenas.at(0).used_slabs(), 0U);
  EXPECT_EQ(world.arenas.at(1).used_disk_slabs(), 0U);
  EXPECT_EQ(world.arenas.at(1).used_slabs(), 4U) << "those of somebody else";
  EXPECT_FALSE(world.read(1, shuffle, 0).first);
  remove();
}

// --- a writer without memory ---------------------------------------------------------------------

using Rows = std::vector<std::string>;

void append(ChunkWriter& writer, Rows& rows, std::uint32_t partition, const std::string& record) {
  std::memcpy(writer.reserve(partition, record.size() + 7), record.data(), record.size());
  writer.commit(partition, record.size());
  rows[partition] += record;
}

std::string random_record(Random& random) {
  const std::size_t size = random() % 50 == 0 ? random() % (3 * slab) : random() % 100;
  return std::string(size, static_cast<char>('a' + random() % 26));
}

/// Checks that the chunks hold the rows in order, and that their checksums are right.
void expect_rows(const storage::NodeArena& arena, const ChunkWriter::Output& output,
                 const Rows& rows) {
  Rows found(rows.size());
  std::uint64_t on_disk = 0;
  for (const auto& chunk : output.chunks) {
    const std::byte* at = arena.at(chunk.offset);
    found[chunk.partition].append(reinterpret_cast<const char*>(at), chunk.bytes);
    EXPECT_EQ(chunk.checksum, checksum_of({at, chunk.bytes}));
    if (chunk.bytes != 0 && arena.on_disk(chunk.offset)) on_disk += chunk.bytes;
  }
  EXPECT_EQ(found, rows);
  EXPECT_LE(on_disk, output.spilled_bytes);
}

TEST(WriterWithoutMemory, WritesToDiskWhileOthersHoldAllMemory) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto arena = with_disk(8, 4000);
    ASSERT_TRUE(arena.allocate(stranger, 8));
    Rows rows(9);
    ChunkWriter writer(arena, 77, 9);
    for (int i = 0; i < 3000; ++i) {
      append(writer, rows, static_cast<std::uint32_t>(random() % 9), random_record(random));
      EXPECT_EQ(arena.used_slabs(), 8U);
    }
    const auto output = writer.finish();
    EXPECT_GT(output.spilled_bytes, 0U);
    expect_rows(arena, output, rows);
    for (const auto number : output.slabs) arena.release(number, 77);
    EXPECT_EQ(arena.used_disk_slabs(), 0U);
  }
}

TEST(WriterWithoutMemory, TakesMemoryAgainWhenThereIsSomeAndKeepsTheOrder) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto arena = with_disk(8, 4000);
    Rows rows(5);
    bool taken = false;
    bool used_memory = false;
    {
      ChunkWriter writer(arena, 77, 5);
      for (int i = 0; i < 4000; ++i) {
        if (random() % 100 == 0) {
          // Somebody else takes all that is free, or gives all of it back.
          while (!taken && arena.allocate(stranger)) continue;
          if (taken) arena.release_all(stranger);
          taken = !taken;
        }
        append(writer, rows, static_cast<std::uint32_t>(random() % 5), random_record(random));
        used_memory |= !taken && arena.used_slabs() != 0;
      }
      const auto output = writer.finish();
      EXPECT_TRUE(used_memory);
      expect_rows(arena, output, rows);
      for (const auto number : output.slabs) arena.release(number, 77);
    }
    arena.release_all(stranger);
    EXPECT_EQ(arena.used_slabs() + arena.used_disk_slabs(), 0U);
    if (HasFailure()) return;
  }
}

TEST(WriterWithoutMemory, WithoutRoomOnDiskItSaysSoAndLeavesNothing) {
  auto arena = with_disk(2, 2);
  ASSERT_TRUE(arena.allocate(stranger, 2));
  Rows rows(1);
  {
    ChunkWriter writer(arena, 77, 1);
    EXPECT_THROW(for (int i = 0; i < 100; ++i) append(writer, rows, 0, std::string(1000, 'x')),
                 ArenaFull);
  }
  EXPECT_EQ(arena.used_disk_slabs(), 0U);
}

}  // namespace
}  // namespace volley::exchange::test
