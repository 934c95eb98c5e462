#include "bench/pattern.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace volley::bench {
namespace {

using testing::HasSubstr;

Pattern pattern(const std::string& text, std::uint32_t ranks, std::uint64_t seed = 1) {
  const auto spec = parse_pattern(text);
  EXPECT_TRUE(spec.ok()) << spec.error();
  auto made = Pattern::make(spec.value(), ranks, seed, {});
  EXPECT_TRUE(made.ok()) << made.error();
  return made.value();
}

std::uint64_t sent(const Pattern& pattern, std::uint32_t ranks, std::uint32_t from,
                   std::uint64_t mean) {
  std::uint64_t sum = 0;
  for (std::uint32_t to = 0; to < ranks; ++to) sum += pattern.bytes(from, to, mean);
  return sum;
}

std::uint64_t received(const Pattern& pattern, std::uint32_t ranks, std::uint32_t to,
                       std::uint64_t mean) {
  std::uint64_t sum = 0;
  for (std::uint32_t from = 0; from < ranks; ++from) sum += pattern.bytes(from, to, mean);
  return sum;
}

TEST(Pattern, EverySenderSendsTheMeanPerRank) {
  for (const char* text : {"uniform", "zipf:1.2", "zipf", "hotspot:0.3", "hotspot:1", "sparse:3",
                           "sparse", "permutation"}) {
    for (const std::uint32_t ranks : {1U, 2U, 7U, 16U}) {
      if (std::string(text) == "sparse:3" && ranks < 4) continue;
      const Pattern made = pattern(text, ranks);
      for (std::uint32_t from = 0; from < ranks; ++from) {
        const auto sum = static_cast<double>(sent(made, ranks, from, 1000));
        EXPECT_NEAR(sum, 1000.0 * ranks, ranks) << text << " among " << ranks;
      }
    }
  }
}

TEST(Pattern, ZipfFavoursSomeReceivers) {
  const Pattern zipf = pattern("zipf:1", 8);
  std::vector<std::uint64_t> sizes;
  for (std::uint32_t to = 0; to < 8; ++to) sizes.push_back(zipf.bytes(0, to, 10'000));
  std::sort(sizes.rbegin(), sizes.rend());
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    const double expected = static_cast<double>(sizes[0]) / static_cast<double>(i + 1);
    EXPECT_NEAR(static_cast<double>(sizes[i]), expected, 2);
  }
}

TEST(Pattern, HotspotSendsItsFractionToOne) {
  const Pattern hot = pattern("hotspot:0.5", 10);
  int hotspots = 0;
  for (std::uint32_t to = 0; to < 10; ++to) {
    const auto bytes = hot.bytes(3, to, 1000);
    if (bytes == 500) continue;
    EXPECT_EQ(bytes, 5500U);
    ++hotspots;
  }
  EXPECT_EQ(hotspots, 1);
}

TEST(Pattern, SparseHasAsManySendersAsReceivers) {
  const Pattern sparse = pattern("sparse:3", 16);
  for (std::uint32_t rank = 0; rank < 16; ++rank) {
    int receivers = 0;
    for (std::uint32_t to = 0; to < 16; ++to) receivers += sparse.bytes(rank, to, 30) != 0 ? 1 : 0;
    EXPECT_EQ(receivers, 3);
    EXPECT_EQ(sparse.bytes(rank, rank, 30), 0U);
    EXPECT_EQ(received(sparse, 16, rank, 30), sent(sparse, 16, rank, 30));
  }
}

TEST(Pattern, PermutationHasOneReceiverThatIsAnother) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Pattern permutation = pattern("permutation", 5, seed);
    for (std::uint32_t rank = 0; rank < 5; ++rank) {
      EXPECT_EQ(permutation.bytes(rank, rank, 7), 0U);
      EXPECT_EQ(received(permutation, 5, rank, 7), 35U);
    }
  }
}

TEST(Pattern, SeedsDecide) {
  const Pattern one = pattern("zipf", 32, 1);
  const Pattern again = pattern("zipf", 32, 1);
  const Pattern other = pattern("zipf", 32, 2);
  bool differs = false;
  for (std::uint32_t to = 0; to < 32; ++to) {
    EXPECT_EQ(one.bytes(0, to, 1000), again.bytes(0, to, 1000));
    differs = differs || one.bytes(0, to, 1000) != other.bytes(0, to, 1000);
  }
  EXPECT_TRUE(differs);
}

TEST(Pattern, IncastGoesToTheRootOnly) {
  const auto incast = Pattern::make({PatternKind::incast, 2, {}}, 4, 1, {}).value();
  EXPECT_EQ(incast.bytes(0, 2, 9), 9U);
  EXPECT_EQ(incast.bytes(2, 2, 9), 0U);
  EXPECT_EQ(incast.bytes(0, 1, 9), 0U);
}

TEST(Pattern, MatrixIsTakenAsItIs) {
  const PatternSpec spec = parse_pattern("matrix:m.txt").value();
  EXPECT_EQ(spec.file, "m.txt");
  const auto matrix = Pattern::make(spec, 2, 1, "# bytes\n0 1k\n\n3 4 # self\n");
  ASSERT_TRUE(matrix.ok()) << matrix.error();
  EXPECT_EQ(matrix.value().bytes(0, 1, 99), 1024U);
  EXPECT_EQ(matrix.value().bytes(1, 0, 99), 3U);
  EXPECT_EQ(matrix.value().own_mean(), (1024U + 3 + 4) / 4);
  const struct {
    const char* text;
    const char* error;
  } cases[] = {{"1 2 3\n4 5 6\n", "m.txt:1: 3 sizes, but there are 2 ranks"},
               {"1 2\n", "m.txt: 1 lines with sizes, but there are 2 ranks"},
               {"1 2\n3 x\n", "m.txt:2: 'x' is not a size"}};
  for (const auto& [text, error] : cases) {
    const auto bad = Pattern::make(spec, 2, 1, text);
    ASSERT_FALSE(bad.ok());
    EXPECT_THAT(bad.error(), HasSubstr(error));
  }
}

TEST(Pattern, TextsAreReadAndPrinted) {
  for (const char* text :
       {"uniform", "zipf:1.2", "hotspot:0.5", "sparse:4", "permutation", "matrix:a:b", "sparse"}) {
    EXPECT_EQ(print(parse_pattern(text).value()), text);
  }
  for (const char* text : {"", "zip", "uniform:1", "hotspot:1.5", "sparse:0", "sparse:1.5",
                           "zipf:-1", "zipf:1x", "matrix:", "matrix", "zipf:"}) {
    EXPECT_FALSE(parse_pattern(text).ok()) << text;
  }
  EXPECT_FALSE(Pattern::make(parse_pattern("sparse:4").value(), 4, 1, {}).ok());
}

}  // namespace
}  // namespace volley::bench
