// Persisted RDDs whose partitions memory has room for, or not, at every storage level.

#include "single_stage.hpp"

#include <volley/rdd.hpp>
#include <volley/volley.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace volley {
namespace {

std::atomic<int> computed{0};  // records that were made, in this process

auto numbers(test::SingleStage& stage, std::int64_t count, std::uint32_t partitions) {
  return stage.context().range(0, count, 1, partitions).map([](std::int64_t number) {
    computed.fetch_add(1, std::memory_order_relaxed);
    return number;
  });
}

std::vector<std::int64_t> up_to(std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

const std::vector<StorageLevel> kept_levels = {StorageLevel::disk_only,
                                               StorageLevel::memory_only,
                                               StorageLevel::memory_only_2,
                                               StorageLevel::memory_only_ser,
                                               StorageLevel::memory_and_disk,
                                               StorageLevel::memory_and_disk_ser,
                                               StorageLevel::memory_and_disk_ser_2};

TEST(StorageLevels, WhatFitsIsComputedOnce) {
  for (const StorageLevel level : kept_levels) {
    test::SingleStage stage(1U << 20U, 16U << 20U);
    const auto rdd = numbers(stage, 1000, 4);
    rdd.persist(level);
    computed = 0;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(rdd.collect(), up_to(1000)) << describe(level);
    EXPECT_EQ(computed, 1000) << describe(level);
    EXPECT_EQ(stage.metrics().cached_partitions, 4U) << describe(level);
    rdd.unpersist();
    EXPECT_EQ(stage.blocks().size(), 0U);
    EXPECT_EQ(stage.memory()->storage_used(), 0U) << describe(level);
    EXPECT_EQ(stage.arena().used_disk_slabs(), 0U) << describe(level);
    EXPECT_EQ(rdd.collect(), up_to(1000));
  }
}

TEST(StorageLevels, DIST_017_WithoutRoomForAnyPartitionNothingIsCached) {
  test::SingleStage stage(5000);
  const auto rdd = numbers(stage, 10000, 2);
  rdd.cache();
  computed = 0;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rdd.count(), 10000);
  EXPECT_EQ(computed, 30000);
  EXPECT_EQ(stage.blocks().size(), 0U);
  EXPECT_EQ(stage.memory()->storage_used(), 0U);
  EXPECT_EQ(stage.metrics().uncached_partitions, 6U);
}

TEST(StorageLevels, DIST_018_WithRoomForSomePartitionsTheseAreCached) {
  test::SingleStage stage(10000);
  const auto rdd = numbers(stage, 2000, 20);  // of 800 bytes each
  rdd.cache();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rdd.collect(), up_to(2000));
  EXPECT_GT(stage.blocks().size(), 0U);
  EXPECT_LT(stage.blocks().size(), 20U);
  EXPECT_LE(stage.memory()->storage_used(), 10000U);
}

TEST(StorageLevels, LRU_006_APartitionLargerThanMemoryGoesToDiskOrNowhere) {
  for (const StorageLevel level : kept_levels) {
    test::SingleStage stage(5000, 16U << 20U);
    const auto rdd = numbers(stage, 10000, 1);
    rdd.persist(level);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(rdd.collect(), up_to(10000)) << describe(level);
    EXPECT_EQ(stage.blocks().size(), level.disk ? 1U : 0U) << describe(level);
    EXPECT_EQ(stage.metrics().cached_disk_bytes != 0, level.disk) << describe(level);
    EXPECT_LE(stage.memory()->storage_used(), 5000U);
  }
}

TEST(StorageLevels, LRU_011_ThePartitionThatTurnsOutTooLargeIsReadToItsEnd) {
  for (const StorageLevel level : kept_levels) {
    test::SingleStage stage(20000);  // and no disk
    const auto words = numbers(stage, 3000, 2).map([](std::int64_t number) {
      return std::string(static_cast<std::size_t>(number % 100), 'w') + std::to_string(number);
    });
    const auto expected = words.collect();
    words.persist(level);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(words.collect(), expected) << describe(level);
    EXPECT_EQ(stage.blocks().size(), 0U) << describe(level);
    EXPECT_EQ(stage.memory()->storage_used(), 0U) << describe(level);
  }
}

TEST(StorageLevels, ChainsAfterPersistedViewsSeeAllRecords) {
  const std::string path = testing::TempDir() + "/storage_levels_lines.txt";
  {
    std::ofstream file(path);
    for (int i = 0; i < 2000; ++i) file << "line " << i << " of text that is long enough\n";
  }
  for (const std::uint64_t memory : {std::uint64_t{4000}, std::uint64_t{60000}, 1UL << 20U}) {
    for (const StorageLevel level : kept_levels) {
      test::SingleStage stage(memory, memory == 4000 ? 0 : 16U << 20U);
      const auto lines = stage.context().text_file(path, 2);
      const auto numbers_of = [](const auto& rdd) {
        return rdd.map([](std::string_view line) { return line.substr(5, 4); }).collect();
      };
      const auto expected = numbers_of(lines);
      lines.persist(level);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(numbers_of(lines), expected) << describe(level);
    }
  }
}

TEST(StorageLevels, FAIL_010_APartitionThatCameBackDamagedIsComputedAgain) {
  test::SingleStage stage(1U << 20U, 16U << 20U);
  const auto rdd = numbers(stage, 1000, 1);
  rdd.persist(StorageLevel::disk_only);
  EXPECT_EQ(rdd.count(), 1000);
  const auto bytes = stage.blocks().get({rdd.id(), 0})->encoded->piece(0);
  const_cast<std::byte&>(bytes[100]) = std::byte{0xee};
  EXPECT_THROW(rdd.count(), std::runtime_error);  // on a cluster, the end of the first attempt
  EXPECT_EQ(rdd.collect(), up_to(1000));
  EXPECT_EQ(stage.blocks().size(), 1U);
}

TEST(StorageLevels, TheLevelCannotBeChanged) {
  test::SingleStage stage;
  const auto rdd = numbers(stage, 10, 1);
  EXPECT_EQ(rdd.storage_level(), StorageLevel::none);
  rdd.persist(StorageLevel::memory_and_disk);
  rdd.persist(StorageLevel::memory_and_disk);
  EXPECT_EQ(rdd.storage_level(), StorageLevel::memory_and_disk);
  try {
    rdd.cache();
    ADD_FAILURE() << "the level was changed";
  } catch (const UnsupportedOperation& error) {
    EXPECT_NE(std::string_view(error.what())
                  .find("Cannot change storage level of an RDD after it was already assigned a "
                        "level"),
              std::string_view::npos)
        << error.what();
  }
  rdd.unpersist();
  rdd.cache();
  EXPECT_EQ(rdd.storage_level(), StorageLevel::memory_only);
}

TEST(StorageLevels, OlderBlocksOfOtherRddsMakeWay) {
  test::SingleStage stage(20000);
  const auto first = numbers(stage, 2000, 1);
  const auto second = numbers(stage, 2000, 1);
  first.cache();
  second.cache();
  EXPECT_EQ(first.count(), 2000);
  EXPECT_TRUE(stage.blocks().has({first.id(), 0}));
  EXPECT_EQ(second.count(), 2000);
  EXPECT_FALSE(stage.blocks().has({first.id(), 0}));
  EXPECT_TRUE(stage.blocks().has({second.id(), 0}));
}

TEST(StorageLevels, TheirNamesAreThoseOfSpark) {
  EXPECT_EQ(describe(StorageLevel::memory_only), "Memory Deserialized 1x Replicated");
  EXPECT_EQ(describe(StorageLevel::memory_and_disk_2), "Disk Memory Deserialized 2x Replicated");
  EXPECT_EQ(describe(StorageLevel::disk_only), "Disk Serialized 1x Replicated");
}

}  // namespace
}  // namespace volley
