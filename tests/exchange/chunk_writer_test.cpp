#include "exchange/chunk_writer.hpp"

#include "exchange/arena_full.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <string>

namespace volley::exchange {
namespace {

constexpr std::uint64_t slab = 65536;
constexpr storage::NodeArena::Owner owner = 77;

storage::NodeArena make(std::uint64_t slabs) {
  return std::move(storage::NodeArena::create({slabs * slab, slab})).value();
}

void append(ChunkWriter& writer, std::uint32_t partition, const std::string& record,
            std::size_t slack = 0) {
  std::byte* room = writer.reserve(partition, record.size() + slack);
  std::memcpy(room, record.data(), record.size());
  writer.commit(partition, record.size());
}

void release(storage::NodeArena& arena, const ChunkWriter::Output& output) {
  for (const auto number : output.slabs) arena.release(number, owner);
}

TEST(ChunkWriter, RoundTripOfRandomRecordsAlsoLargerThanASlab) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    auto arena = make(2000);
    const auto reducers = static_cast<std::uint32_t>(1 + random() % 40);
    std::vector<std::string> expected(reducers);
    std::vector<std::uint64_t> records(reducers, 0);
    ChunkWriter writer(arena, owner, reducers);
    for (int i = 0; i < 3000; ++i) {
      const auto partition = static_cast<std::uint32_t>(random() % reducers);
      const std::size_t size = random() % 300 == 0 ? random() % (3 * slab) : random() % 200;
      const std::string record(size, static_cast<char>('a' + random() % 26));
      append(writer, partition, record, random() % 100);
      expected[partition] += record;
      ++records[partition];
    }
    const auto output = writer.finish();
    const std::set<std::uint64_t> slabs(output.slabs.begin(), output.slabs.end());
    EXPECT_EQ(slabs.size(), output.slabs.size());
    EXPECT_EQ(arena.used_slabs(), slabs.size());
    std::vector<std::string> found(reducers);
    std::uint32_t last = 0;
    std::uint64_t previous_end = 0;
    auto by_offset = output.chunks;
    for (const auto& chunk : output.chunks) {
      EXPECT_GE(chunk.partition, last);
      last = chunk.partition;
      found[chunk.partition].append(reinterpret_cast<const char*>(arena.at(chunk.offset)),
                                    chunk.bytes);
      records[chunk.partition] -= chunk.records;
      EXPECT_EQ(chunk.offset % 64, 0U);
      EXPECT_EQ(chunk.checksum, XXH3_64bits(arena.at(chunk.offset), chunk.bytes));
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(records, std::vector<std::uint64_t>(reducers, 0));
    std::erase_if(by_offset, [](const auto& chunk) { return chunk.bytes == 0; });
    std::sort(by_offset.begin(), by_offset.end(),
              [](const auto& a, const auto& b) { return a.offset < b.offset; });
    for (const auto& chunk : by_offset) {
      EXPECT_GE(chunk.offset, previous_end);
      previous_end = chunk.offset + chunk.bytes;
      for (auto at = chunk.offset / slab; at <= (previous_end - 1) / slab; ++at) {
        EXPECT_TRUE(slabs.contains(at));
      }
    }
    release(arena, output);
    EXPECT_EQ(arena.used_slabs(), 0U);
  }
}

TEST(ChunkWriter, ManyPartitionsWithLittleDataShareSlabs) {
  auto arena = make(1000);
  ChunkWriter writer(arena, owner, 10000);
  for (std::uint32_t p = 0; p < 10000; ++p) append(writer, p, "0123456789");
  const auto output = writer.finish();
  EXPECT_EQ(output.chunks.size(), 10000U);
  EXPECT_LE(output.slabs.size(), 10000U * 1024U / slab + 1);
  release(arena, output);
}

TEST(ChunkWriter, OnePartitionWithMuchDataNeedsFewChunks) {
  auto arena = make(64);
  ChunkWriter writer(arena, owner, 2);
  const std::string record(1000, 'x');
  for (int i = 0; i < 2000; ++i) append(writer, 1, record);
  const auto output = writer.finish();
  EXPECT_LE(output.chunks.size(), 2000U * 1000U / slab + 8);
  EXPECT_LE(output.slabs.size(), 2000U * 1000U / slab + 3);
  release(arena, output);
}

TEST(ChunkWriter, MakesChecksumsOnlyWhenAsked) {
  auto arena = std::move(storage::NodeArena::create({1U << 20U, 4096})).value();
  ChunkWriter writer(arena, 1, 1, ChunkWriter::default_working_set, Checksums::off);
  std::memset(writer.reserve(0, 9000), 1, 9000);
  writer.commit(0, 9000);
  const auto output = writer.finish();
  ASSERT_EQ(output.chunks.size(), 1U);
  EXPECT_EQ(output.chunks[0].checksum, 0U);
  EXPECT_EQ(output.chunks[0].bytes, 9000U);
  EXPECT_NE(arena.release_all(1), 0U);
}

TEST(ChunkWriter, AppendedRecordsAreThoseOfReserveAndCommit) {
  constexpr std::uint64_t large_slab = 1U << 20U;  // chunks of many stretches
  auto arena = std::move(storage::NodeArena::create({64 * large_slab, large_slab})).value();
  ChunkWriter writer(arena, owner, 3);
  std::vector<std::vector<std::uint64_t>> expected(3);
  for (std::uint64_t i = 0; i < 400'000; ++i) {
    const auto partition = static_cast<std::uint32_t>(i % 7 % 3);
    std::memcpy(writer.append(partition, sizeof i), &i, sizeof i);
    expected[partition].push_back(i);
  }
  const auto output = writer.finish();
  std::vector<std::vector<std::uint64_t>> found(3);
  for (const auto& chunk : output.chunks) {
    const auto* begin = reinterpret_cast<const std::uint64_t*>(arena.at(chunk.offset));
    found[chunk.partition].insert(found[chunk.partition].end(), begin, begin + chunk.records);
    EXPECT_EQ(chunk.bytes, chunk.records * sizeof(std::uint64_t));
    EXPECT_EQ(chunk.checksum, XXH3_64bits(begin, chunk.bytes));
  }
  EXPECT_EQ(found, expected);
  release(arena, output);
}

TEST(ChunkWriter, MOT_003_EmptyPartitionsHaveNoChunksAndEmptyRecordsCount) {
  auto arena = make(4);
  ChunkWriter writer(arena, owner, 3);
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(writer.reserve(1, 0), nullptr);
    writer.commit(1, 0);
  }
  const auto output = writer.finish();
  ASSERT_EQ(output.chunks.size(), 1U);
  EXPECT_EQ(output.chunks[0].partition, 1U);
  EXPECT_EQ(output.chunks[0].bytes, 0U);
  EXPECT_EQ(output.chunks[0].records, 5U);
  EXPECT_TRUE(output.slabs.empty());
}

TEST(ChunkWriter, WithoutFinishNothingStays) {
  auto arena = make(8);
  {
    ChunkWriter writer(arena, owner, 4);
    append(writer, 3, std::string(3 * slab, 'x'));
    EXPECT_GT(arena.used_slabs(), 0U);
  }
  EXPECT_EQ(arena.used_slabs(), 0U);
}

TEST(ChunkWriter, AFullArenaIsAClearErrorAndLeavesNothing) {
  auto arena = make(4);
  try {
    ChunkWriter writer(arena, owner, 2);
    for (int i = 0; i < 10000; ++i) append(writer, 1, std::string(1000, 'x'));
    FAIL() << "the arena has room for 256 KiB only";
  } catch (const ArenaFull& full) {
    const std::string text = full.what();
    EXPECT_NE(text.find("4 of 4 slabs of 64.0 KiB are in use"), std::string::npos) << text;
    EXPECT_NE(text.find("volley.arena.size (now 256.0 KiB)"), std::string::npos) << text;
  }
  EXPECT_EQ(arena.used_slabs(), 0U);
}

TEST(ChunkWriter, UsesTheLastBytesOfAFullArena) {
  auto arena = make(2);
  ChunkWriter writer(arena, owner, 1);
  for (std::uint64_t i = 0; i < 2 * slab / 1024; ++i) append(writer, 0, std::string(1024, 'x'));
  EXPECT_THROW(append(writer, 0, "x"), ArenaFull);
  release(arena, writer.finish());
}

// --- to disk when memory is out ------------------------------------------------------------------

storage::NodeArena with_disk(std::uint64_t slabs, std::uint64_t disk_slabs) {
  return std::move(storage::NodeArena::create(
                       {slabs * slab, slab, ::testing::TempDir(), disk_slabs * slab}))
      .value();
}

TEST(ChunkWriterSpill, KeepsEveryRecordInOrderInFewPieces) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    auto arena = with_disk(6, 4000);
    constexpr std::uint32_t reducers = 17;
    std::vector<std::string> expected(reducers);
    std::uint64_t records = 0;
    ChunkWriter writer(arena, owner, reducers);
    for (int i = 0; i < 20000; ++i) {
      const auto partition = static_cast<std::uint32_t>(random() % reducers);
      const std::size_t size = random() % 2000 == 0 ? random() % (3 * slab) : random() % 200;
      append(writer, partition, std::string(size, static_cast<char>('a' + random() % 26)));
      expected[partition].append(reinterpret_cast<const char*>(writer.reserve(partition, 0)) - size,
                                 size);
      ++records;
    }
    const auto output = writer.finish();
    EXPECT_GT(output.spilled_bytes, 6 * slab);
    EXPECT_LT(output.chunks.size(), 6000U);
    std::vector<std::string> found(reducers);
    std::uint64_t found_records = 0;
    for (const auto& chunk : output.chunks) {
      EXPECT_EQ(chunk.offset % 64, 0U);
      EXPECT_EQ(chunk.checksum, XXH3_64bits(arena.at(chunk.offset), chunk.bytes));
      found[chunk.partition].append(reinterpret_cast<const char*>(arena.at(chunk.offset)),
                                    chunk.bytes);
      found_records += chunk.records;
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(found_records, records);
    release(arena, output);
    EXPECT_EQ(arena.used_slabs() + arena.used_disk_slabs(), 0U);
  }
}

TEST(ChunkWriterSpill, AWriterMayWorkWhenOthersHaveUsedUpTheBudget) {
  auto arena = with_disk(1000, 1000);
  arena.change_budget(static_cast<std::int64_t>(2 * slab));
  ASSERT_TRUE(arena.allocate(owner + 1, 2).has_value());
  {
    ChunkWriter writer(arena, owner, 1);
    append(writer, 0, std::string(400 * slab, 'x'));  // larger than the working set
    for (int i = 0; i < 300; ++i) append(writer, 0, std::string(slab, 'y'));
    const auto output = writer.finish();
    EXPECT_EQ(output.spilled_bytes, 700 * slab);
    EXPECT_EQ(arena.used_slabs(), 2U) << "nothing more stays in memory";
    release(arena, output);
  }
  EXPECT_EQ(arena.used_disk_slabs(), 0U);
}

TEST(ChunkWriterSpill, AFullDiskIsAClearErrorAndLeavesNothing) {
  auto arena = with_disk(4, 4);
  try {
    ChunkWriter writer(arena, owner, 2);
    for (int i = 0; i < 10000; ++i) append(writer, 1, std::string(1000, 'x'));
    FAIL() << "memory and disk have room for 512 KiB only";
  } catch (const ArenaFull& full) {
    const std::string text = full.what();
    EXPECT_NE(text.find("256.0 KiB on disk, of 256.0 KiB at most"), std::string::npos) << text;
    EXPECT_NE(text.find("volley.local.dir"), std::string::npos) << text;
  }
  EXPECT_EQ(arena.used_slabs() + arena.used_disk_slabs(), 0U);
}

}  // namespace
}  // namespace volley::exchange
