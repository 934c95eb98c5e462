// Which cached blocks stay when memory is short, and where the others go.

#include "program/block_store.hpp"

#include <volley/detail/block_codec.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace volley::program {
namespace {

using protocol::BlockId;
using protocol::StorageLevel;
using Numbers = detail::Row<std::int64_t>;

constexpr storage::NodeArena::Owner mine = 7;

/// A store of 12000 bytes, and blocks that take 4000 of them.
struct Store : testing::Test {
  struct Held {
    storage::StorageReservation reservation;
    Numbers row;
  };

  storage::NodeArena arena =
      std::move(storage::NodeArena::create({1U << 20U, 64U << 10U, testing::TempDir(), 8U << 20U}))
          .value();
  storage::MemoryManager memory{{12000, 6000, 0}};
  storage::DiskPieces disk{arena, mine};
  BlockStore store{&memory, &disk};

  static BlockForm form(StorageLevel level) {
    return {level, &detail::block_codec<std::int64_t>()};
  }

  /// Whether there was room. The block's numbers start with `partition`.
  bool put(BlockId id, StorageLevel level = StorageLevel::memory_only, std::size_t count = 500) {
    auto held = std::make_shared<Held>(Held{store.reservation(), {}});
    const std::uint64_t bytes = count * sizeof(std::int64_t);
    if (!store.reserve(held->reservation, bytes, id.rdd)) return false;
    held->row.grow_by(count);
    std::iota(held->row.begin(), held->row.end(), std::int64_t{id.partition});
    Block block{std::shared_ptr<const void>(held, &held->row)};
    held.reset();
    store.put(id, std::move(block), bytes, form(level));
    return true;
  }
  static Numbers read(const Block& block) {
    Numbers all;
    const auto& codec = detail::block_codec<std::int64_t>();
    for (std::size_t i = 0; i < block.encoded->pieces(); ++i) {
      EXPECT_TRUE(codec.decode(block.encoded->piece(i), &all));
    }
    return all;
  }
  void TearDown() override {
    for (base::RddId rdd = 0; rdd < 10; ++rdd) store.remove(rdd);
    EXPECT_EQ(store.size(), 0U);
    EXPECT_EQ(memory.storage_used(), 0U);
    EXPECT_EQ(arena.used_disk_slabs(), 0U);
  }
};

TEST_F(Store, LRU_001_WhatWasUsedLeastRecentlyGoesFirst) {
  ASSERT_TRUE(put({1, 0}));
  ASSERT_TRUE(put({2, 0}));
  ASSERT_TRUE(put({3, 0}));
  ASSERT_TRUE(put({4, 0}));
  EXPECT_FALSE(store.has({1, 0}));
  EXPECT_TRUE(store.get({2, 0}).has_value());
  ASSERT_TRUE(put({1, 0}));
  EXPECT_TRUE(store.has({2, 0}));
  EXPECT_FALSE(store.has({3, 0}));
  EXPECT_EQ(store.take_evicted(), (std::vector<BlockId>{{3, 0}}));  // {1, 0} is there again
  EXPECT_TRUE(store.take_evicted().empty());
}

TEST_F(Store, LRU_002_ABlockNeverMakesWayForItsOwnRdd) {
  ASSERT_TRUE(put({1, 0}));
  ASSERT_TRUE(put({1, 1}));
  ASSERT_TRUE(put({1, 2}));
  EXPECT_FALSE(put({1, 3}));
  EXPECT_EQ(store.size(), 3U);
  EXPECT_TRUE(put({2, 0}));
  EXPECT_FALSE(store.has({1, 0}));
}

TEST_F(Store, LRU_005_ABlockThatIsBeingReadDoesNotGo) {
  ASSERT_TRUE(put({1, 0}));
  ASSERT_TRUE(put({2, 0}));
  ASSERT_TRUE(put({3, 0}));
  auto first = store.get({1, 0});
  auto second = store.get({2, 0});
  const auto third = store.get({3, 0});
  EXPECT_FALSE(put({4, 0}));
  second.reset();
  EXPECT_TRUE(put({4, 0}));
  EXPECT_FALSE(store.has({2, 0}));
  EXPECT_TRUE(store.has({1, 0}));
}

TEST_F(Store, LRU_006_ABlockLargerThanTheStoreFindsNoRoom) {
  ASSERT_TRUE(put({1, 0}));
  EXPECT_FALSE(put({2, 0}, StorageLevel::memory_only, 2000));
  EXPECT_TRUE(store.has({1, 0}));  // nothing makes way in vain
}

TEST_F(Store, BlocksThatMayGoToDiskAreThereStill) {
  ASSERT_TRUE(put({1, 5}, StorageLevel::memory_and_disk));
  ASSERT_TRUE(put({2, 0}));
  ASSERT_TRUE(put({3, 0}));
  ASSERT_TRUE(put({4, 0}));
  const auto block = store.get({1, 5});
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->row, nullptr);
  const Numbers numbers = read(*block);
  ASSERT_EQ(numbers.size(), 500U);
  EXPECT_EQ(numbers[0], 5);
  EXPECT_EQ(numbers[499], 504);
  EXPECT_EQ(memory.storage_used(), 12000U);
  EXPECT_EQ(store.take_moved_bytes(), 4000U);
  EXPECT_TRUE(store.take_evicted().empty());
}

TEST_F(Store, TasksGetTheMemoryOfBlocksDownToTheProtectedPart) {
  memory.set_make_room([this](std::uint64_t bytes) { store.make_room(bytes); });
  ASSERT_TRUE(put({1, 0}));
  ASSERT_TRUE(put({1, 1}));
  ASSERT_TRUE(put({1, 2}));
  const std::atomic<bool> stop{false};
  EXPECT_EQ(memory.acquire(1, 6000, stop), 6000U);
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(memory.release_all(1), 6000U);
}

TEST_F(Store, MemoryIsGivenBackByTheLastReader) {
  ASSERT_TRUE(put({1, 0}));
  auto block = store.get({1, 0});
  store.remove(base::RddId{1});
  EXPECT_FALSE(store.has({1, 0}));
  EXPECT_EQ(memory.storage_used(), 4000U);
  block.reset();
  EXPECT_EQ(memory.storage_used(), 0U);
}

TEST_F(Store, TheFirstBlockUnderAnIdStays) {
  ASSERT_TRUE(put({1, 0}));
  ASSERT_TRUE(put({1, 0}));
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(memory.storage_used(), 4000U);
}

TEST_F(Store, DamageOnDiskIsNoticed) {
  auto encoded = store.make_encoded();
  const protocol::Bytes piece(1000, std::byte{1});
  ASSERT_TRUE(encoded->add_on_disk(piece));
  const auto bytes = encoded->piece(0);
  EXPECT_EQ(bytes.size(), piece.size());
  const_cast<std::byte&>(bytes[10]) = std::byte{2};
  EXPECT_THROW(static_cast<void>(encoded->piece(0)), std::runtime_error);
}

TEST(EncodedBlock, WithoutADiskNothingIsWritten) {
  auto arena = std::move(storage::NodeArena::create({1U << 20U, 64U << 10U})).value();
  storage::DiskPieces disk(arena, mine);
  BlockStore store(nullptr, &disk);
  EXPECT_FALSE(store.has_disk());
  EXPECT_FALSE(store.make_encoded()->add_on_disk(protocol::Bytes(10)));
}

TEST(DiskPieces, SeveralPiecesShareASlab) {
  auto arena =
      std::move(storage::NodeArena::create({1U << 20U, 64U << 10U, testing::TempDir(), 1U << 20U}))
          .value();
  {
    storage::DiskPieces disk(arena, mine);
    const protocol::Bytes small(10000, std::byte{3});
    std::vector<storage::DiskPieces::Piece> pieces;
    for (int i = 0; i < 12; ++i) pieces.push_back(disk.write(small).value());
    EXPECT_EQ(arena.used_disk_slabs(), 2U);
    const auto large = disk.write(protocol::Bytes(100000));
    ASSERT_TRUE(large.has_value());
    EXPECT_EQ(arena.used_disk_slabs(), 4U);
    EXPECT_FALSE(disk.write(protocol::Bytes(2U << 20U)).has_value());
    for (int i = 0; i < 6; ++i) disk.remove(pieces[static_cast<std::size_t>(i)]);
    EXPECT_EQ(arena.used_disk_slabs(), 3U);
    EXPECT_EQ(*arena.at(pieces[11].offset + 9999), std::byte{3});
  }
  EXPECT_EQ(arena.used_disk_slabs(), 0U);
}

template <class T>
std::vector<T> through_codec(const std::vector<T>& records, std::size_t piece_bytes) {
  detail::Row<T> row;
  for (const T& record : records) row.push_back(record);
  const auto& codec = detail::block_codec<T>();
  EXPECT_EQ(codec.size(&row), records.size());
  detail::Row<T> copy;
  for (std::size_t at = 0; at < row.size();) {
    protocol::Bytes piece;
    at = codec.encode(&row, at, piece_bytes, piece);
    EXPECT_TRUE(codec.decode(piece, &copy));
  }
  return std::vector<T>(copy.begin(), copy.end());
}

TEST(BlockCodec, GivesTheRecordsBack) {
  std::vector<std::pair<int, double>> numbers;
  std::vector<std::pair<std::string, int>> words;
  std::vector<bool> flags;
  for (int i = 0; i < 1000; ++i) {
    numbers.emplace_back(i, i / 3.0);
    words.emplace_back(std::string(static_cast<std::size_t>(i % 50), 'x'), i);
    flags.push_back(i % 3 == 0);
  }
  EXPECT_EQ(through_codec(numbers, 100), numbers);
  EXPECT_EQ(through_codec(words, 1), words);
  EXPECT_EQ(through_codec(words, 1U << 20U), words);
  EXPECT_EQ(through_codec(flags, 64), flags);
}

TEST(BlockCodec, ADamagedPieceDoesNotDecode) {
  detail::Row<std::string> row;
  row.push_back("some text");
  const auto& codec = detail::block_codec<std::string>();
  protocol::Bytes piece;
  EXPECT_EQ(codec.encode(&row, 0, 1000, piece), 1U);
  piece.pop_back();
  detail::Row<std::string> copy;
  EXPECT_FALSE(codec.decode(piece, &copy));
}

}  // namespace
}  // namespace volley::program
