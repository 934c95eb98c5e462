#include "exchange/segment_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace volley::exchange {
namespace {

TEST(SegmentPlan, NothingToSendNeedsNoSegment) {
  EXPECT_TRUE(plan_segments({}, 64).empty());
  EXPECT_TRUE(plan_segments(std::vector<std::uint64_t>{0, 0, 0}, 64).empty());
}

TEST(SegmentPlan, PacksSmallBlocksAndSplitsLargeOnes) {
  const std::vector<std::uint64_t> sizes{10, 0, 70, 128, 1024, 2500, 5, 0};
  const std::vector<Segment> expected{{0, 4, 0, 64 + 128 + 128}, {4, 1, 0, 1024},   {5, 1, 0, 1024},
                                      {5, 1, 1024, 1024},        {5, 1, 2048, 452}, {6, 1, 0, 5}};
  EXPECT_EQ(plan_segments(sizes, 1024), expected);
}

TEST(SegmentPlan, APackedSegmentIsClosedWhenItIsFull) {
  const std::vector<std::uint64_t> sizes(20, 64);
  const auto plan = plan_segments(sizes, 512);
  ASSERT_EQ(plan.size(), 3U);
  EXPECT_EQ(plan[0], (Segment{0, 8, 0, 512}));
  EXPECT_EQ(plan[2], (Segment{16, 4, 0, 256}));
}

TEST(SegmentPlan, BlocksBeyond64KiBGoAloneHoweverLargeASegmentIs) {
  constexpr std::uint64_t most = 64ULL << 10U;
  const auto plan = plan_segments(std::vector<std::uint64_t>{most, most, most + 1, most}, 1 << 20U);
  const std::vector<Segment> expected{{0, 2, 0, 2 * most}, {2, 1, 0, most + 1}, {3, 1, 0, most}};
  EXPECT_EQ(plan, expected);
}

std::vector<Segment> eager_plan(const std::vector<std::uint64_t>& sizes,
                                std::uint64_t segment_bytes, std::uint64_t eager_bytes) {
  std::vector<Segment> plan;
  plan_segments(sizes, segment_bytes, eager_bytes, plan);
  return plan;
}

TEST(SegmentPlan, SmallStreamsGoInEagerMessages) {
  const std::vector<Segment> pieces{{0, 1, 0, 512}, {0, 1, 512, 512}, {0, 1, 1024, 76}};
  EXPECT_EQ(eager_plan({1100}, 1U << 20U, 512), pieces);
  const std::vector<Segment> packed{{0, 4, 0, 384 + 100}, {4, 1, 0, 100}};
  EXPECT_EQ(eager_plan({100, 100, 0, 100, 100}, 1U << 20U, 512),
            (std::vector<Segment>{{0, 5, 0, 3 * 128 + 100}}));
  EXPECT_EQ(eager_plan({100, 100, 100, 100, 100}, 1U << 20U, 512), packed);
}

TEST(SegmentPlan, OtherStreamsGoAsWithoutEagerMessages) {
  for (const std::uint64_t bytes : {1ULL, 512ULL, 2561ULL, 1ULL << 20U, ~0ULL >> 20U}) {
    EXPECT_EQ(eager_plan({bytes}, 1U << 20U, 512), plan_segments(std::vector{bytes}, 1U << 20U));
  }
  // A segment is not large enough for all blocks to be packed without it.
  EXPECT_EQ(eager_plan({1100}, 8192, 512), plan_segments(std::vector<std::uint64_t>{1100}, 8192));
}

TEST(SegmentPlan, OneSegmentIsWhatThePlanOfOneBlockSays) {
  for (const std::uint64_t eager : {0ULL, 512ULL, 1600ULL, 4001ULL}) {
    for (const std::uint64_t segment : {512ULL, 8192ULL, 1ULL << 16U}) {
      for (std::uint64_t bytes = 0; bytes < 30'000; bytes += bytes < 5000 ? 1 : 61) {
        ASSERT_EQ(is_one_segment(bytes, segment, eager),
                  eager_plan({bytes}, segment, eager).size() == 1)
            << bytes << " " << segment << " " << eager;
      }
    }
  }
}

/// Every byte of every block exactly once and in order, within the limits.
void check(const std::vector<std::uint64_t>& sizes, std::uint64_t limit) {
  std::vector<std::uint64_t> covered(sizes.size(), 0);
  std::size_t last = 0;
  for (const Segment& segment : plan_segments(sizes, limit)) {
    ASSERT_GT(segment.bytes, 0U);
    ASSERT_LE(segment.bytes, limit);
    ASSERT_GE(segment.block, last);
    last = segment.block + segment.count - 1;
    ASSERT_LT(last, sizes.size());
    ASSERT_GT(sizes[segment.block], 0U);
    if (segment.count == 1) {
      ASSERT_EQ(covered[segment.block], segment.offset);
      covered[segment.block] += segment.bytes;
      continue;
    }
    std::uint64_t end = 0;
    for (std::size_t block = segment.block; block <= last; ++block) {
      ASSERT_LE(sizes[block], limit / 8);
      if (sizes[block] == 0) continue;
      end = aligned(end) + sizes[block];
      covered[block] += sizes[block];
    }
    ASSERT_EQ(segment.bytes, end);
  }
  ASSERT_EQ(covered, sizes);
}

TEST(SegmentPlan, CoversEveryByteOnceForRandomBlocksAndLimits) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::uint64_t limit = 1 + random() % (1ULL << (1 + random() % 14));
    std::vector<std::uint64_t> sizes(random() % 60);
    for (auto& size : sizes) size = random() % (1ULL << (random() % 15));
    check(sizes, limit);
    if (HasFatalFailure()) return;
  }
}

TEST(SegmentPlan, MPI_002_Counts64BitSizes) {
  const auto plan = plan_segments(std::vector<std::uint64_t>{(5ULL << 32U) + 1}, 1ULL << 30U);
  ASSERT_EQ(plan.size(), 21U);
  EXPECT_EQ(plan.back(), (Segment{0, 1, 5ULL << 32U, 1}));
}

}  // namespace
}  // namespace volley::exchange
