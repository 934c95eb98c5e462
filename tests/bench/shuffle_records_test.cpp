#include "bench/shuffle_records.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace volley::bench {
namespace {

TEST(BenchShuffleRecords, GoEvenlyToAllTargets) {
  constexpr std::uint64_t records = 90000;
  std::vector<std::uint64_t> counts(7);
  for (std::uint64_t index = 0; index < records; ++index) {
    const auto key = shuffle_record(index, 1).first;
    EXPECT_EQ(key & ~shuffle_key_bits, 0U);
    ++counts.at(shuffle_target(key, 7));
  }
  for (const std::uint64_t count : counts) {
    EXPECT_NEAR(static_cast<double>(count), records / 7.0, records / 7.0 * 0.04);
  }
  EXPECT_EQ(shuffle_target(shuffle_key_bits, 1000), 999U);
}

TEST(BenchShuffleRecords, GoWhereThePatternSays) {
  constexpr std::uint64_t records = 100000;
  constexpr std::uint32_t targets = 7;
  for (const char* text : {"uniform", "zipf:1.2", "hotspot:0.5", "sparse:2", "permutation"}) {
    SCOPED_TRACE(text);
    const auto pattern = Pattern::make(parse_pattern(text).value(), targets, 3, {}).value();
    for (std::uint32_t from = 0; from < targets; ++from) {
      const TargetChoice choice(pattern, from, targets);
      std::vector<std::uint64_t> counts(targets);
      for (std::uint64_t index = 0; index < records; ++index) {
        const auto key = choice.key(shuffle_record(index, 1).first);
        EXPECT_EQ(key & ~shuffle_key_bits, 0U);
        ++counts.at(shuffle_target(key, targets));
      }
      for (std::uint32_t to = 0; to < targets; ++to) {
        const auto wanted = static_cast<double>(pattern.bytes(from, to, records / targets));
        EXPECT_NEAR(static_cast<double>(counts[to]), wanted, records * 0.01);
        EXPECT_EQ(counts[to] == 0, wanted == 0);
      }
    }
  }
}

TEST(BenchShuffleRecords, SharesCoverEverythingOnce) {
  for (const std::uint64_t records : {0ULL, 1ULL, 10ULL, 1001ULL, 1ULL << 40U}) {
    EXPECT_EQ(share_begin(records, 0, 7), 0U);
    EXPECT_EQ(share_begin(records, 7, 7), records);
    for (std::uint64_t share = 0; share < 7; ++share) {
      const std::uint64_t size =
          share_begin(records, share + 1, 7) - share_begin(records, share, 7);
      EXPECT_LE(size - records / 7, 1U);
    }
  }
}

TEST(BenchShuffleRecords, ChecksumTellsLostAndChangedRecords) {
  const auto record = shuffle_record(0, 1);
  EXPECT_NE(checksum(record), 0U);
  EXPECT_NE(checksum({0, 0}), 0U);
  EXPECT_NE(checksum(record), checksum({record.first + 1, record.second}));
  EXPECT_NE(checksum(record), checksum({record.first, record.second + 1}));
}

}  // namespace
}  // namespace volley::bench
