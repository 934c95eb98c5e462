// Map outputs that are small beside a slab share slabs.

#include "exchange/chunk_writer.hpp"
#include "exchange/map_output_table.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace volley::exchange {
namespace {

constexpr storage::NodeArena::Owner container = 7;
constexpr storage::NodeArena::Owner rank = 9;

class MapOutputPacking : public ::testing::Test {
 protected:
  /// `bytes` of text that says which map wrote it, to each of the partitions.
  void write(std::uint32_t map, const std::vector<std::uint32_t>& partitions, std::size_t bytes,
             std::uint32_t reducers = 50) {
    ChunkWriter writer(arena_, container, reducers);
    for (const std::uint32_t partition : partitions) {
      const std::string text = text_of(map, partition, bytes);
      std::memcpy(writer.reserve(partition, bytes), text.data(), bytes);
      writer.commit(partition, bytes);
    }
    auto output = writer.finish();
    for (protocol::Chunk& chunk : output.chunks) chunk.map = map;
    for (const std::uint64_t slab : output.slabs) arena_.transfer(slab, container, rank);
    table_.put(map, {1, next_task_++}, std::move(output.chunks), std::move(output.slabs));
  }
  static std::string text_of(std::uint32_t map, std::uint32_t partition, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += std::to_string(map) + ":" + std::to_string(partition) + " ";
    text.resize(bytes);
    return text;
  }
  void expect_content(std::uint32_t map, std::size_t chunks, std::size_t bytes) {
    const auto shares = table_.share({map}, std::vector<base::Rank>(50, 3));
    ASSERT_EQ(shares.count(3), 1U);
    EXPECT_EQ(shares.at(3).size(), chunks);
    for (const protocol::Chunk& chunk : shares.at(3)) {
      EXPECT_EQ(chunk.map, map);
      EXPECT_EQ(chunk.offset % block_alignment, 0U);
      const std::string found(reinterpret_cast<const char*>(arena_.at(chunk.offset)), chunk.bytes);
      EXPECT_EQ(found, text_of(map, chunk.partition, bytes));
    }
  }

  storage::NodeArena arena_ = storage::NodeArena::create({64U << 20U, 1U << 20U}).value();
  MapOutputTable table_{arena_, rank};
  protocol::TaskId next_task_ = 0;
};

TEST_F(MapOutputPacking, ManySmallOutputsNeedFewSlabs) {
  for (std::uint32_t map = 0; map < 2000; ++map) write(map, {map % 50, (map + 7) % 50}, 100);
  EXPECT_LE(arena_.used_slabs(), 2U);
  for (std::uint32_t map = 0; map < 2000; map += 37) expect_content(map, 2, 100);
  table_.clear();
  EXPECT_EQ(arena_.used_slabs(), 0U);
}

TEST_F(MapOutputPacking, LargeOutputsStayWhereTheyAre) {
  write(1, {3}, 700U << 10U);
  write(2, {4}, 100);
  write(3, {4}, 3U << 20U);
  EXPECT_LE(arena_.used_slabs(), 1U + 1U + 4U);
  expect_content(1, 1, 700U << 10U);
  expect_content(2, 1, 100);
  expect_content(3, 1, 3U << 20U);
  table_.clear();
  EXPECT_EQ(arena_.used_slabs(), 0U);
}

TEST_F(MapOutputPacking, AnOutputThatReplacesOneIsReadInItsPlace) {
  write(1, {3}, 100);
  expect_content(1, 1, 100);
  write(1, {3, 5}, 200);
  expect_content(1, 2, 200);
  write(2, {}, 0);
  table_.clear();
  EXPECT_EQ(arena_.used_slabs(), 0U);
}

/// A task that writes a record to each of very many partitions.
TEST_F(MapOutputPacking, ManyPartitionsOfOneOutputNeedFewSlabs) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t partition = 0; partition < 10000; ++partition) all.push_back(partition);
  for (std::uint32_t map = 0; map < 20; ++map) write(map, all, 16, 10000);
  EXPECT_LE(arena_.used_slabs(), 30U) << "64 bytes for each";
  table_.clear();
  EXPECT_EQ(arena_.used_slabs(), 0U);
}

}  // namespace
}  // namespace volley::exchange
