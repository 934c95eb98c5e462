// Chains of narrow operations: the compiled way and the streamed way give the same records.

#include "single_stage.hpp"

#include <volley/volley.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace volley {
namespace {

auto twice_and_halves(Rdd<std::int64_t> numbers) {
  return numbers.map([](std::int64_t x) { return 2 * x; })
      .flat_map([](std::int64_t x, auto&& emit) {
        emit(x);
        if (x % 3 == 0) emit(x / 2);
      });
}

TEST(Chain, MapFilterFlatMapKeepPartitionOrder) {
  test::SingleStage stage;
  const auto result = stage.context()
                          .range(0, 10, 1, 3)
                          .map([](std::int64_t x) { return x * x; })
                          .filter([](std::int64_t x) { return x % 2 == 0; })
                          .flat_map([](std::int64_t x) {
                            return std::vector<std::int64_t>{x, x + 1};
                          })
                          .collect();
  EXPECT_EQ(result, (std::vector<std::int64_t>{0, 1, 4, 5, 16, 17, 36, 37, 64, 65}));
}

TEST(Chain, APersistedRddInTheMiddleIsReadNotRecomputed) {
  test::SingleStage stage;
  auto doubled = stage.context().range(0, 6, 1, 2).map([](std::int64_t x) { return 2 * x; });
  auto shifted = doubled.map([](std::int64_t x) { return x + 1; });
  doubled.cache();
  const std::vector<std::int64_t> expected{1, 3, 5, 7, 9, 11};
  EXPECT_EQ(shifted.collect(), expected);
  EXPECT_EQ(stage.blocks().size(), 2U);
  EXPECT_EQ(shifted.collect(), expected);
  EXPECT_EQ(doubled.cache().map([](std::int64_t x) { return x + 1; }).collect(), expected);
  doubled.unpersist();
  EXPECT_EQ(stage.blocks().size(), 0U);
  EXPECT_EQ(shifted.collect(), expected);
}

TEST(Chain, AnAutoVariableMayBeAssignedAnotherChainOfItsRecordType) {
  test::SingleStage stage;
  auto numbers = stage.context().range(0, 4, 1, 2).map([](std::int64_t x) { return x + 1; });
  numbers = stage.context().range(0, 3, 1, 1).filter([](std::int64_t x) { return x != 1; });
  EXPECT_EQ(numbers.collect(), (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(numbers.map([](std::int64_t x) { return x * 10; }).collect(),
            (std::vector<std::int64_t>{0, 20}));
  for (int i = 0; i < 3; ++i) numbers = numbers.map([](std::int64_t x) { return x + 1; });
  EXPECT_EQ(numbers.collect(), (std::vector<std::int64_t>{3, 5}));
}

TEST(Chain, ErasedHandlesGiveTheSameAsTypedOnes) {
  test::SingleStage stage;
  const auto numbers = stage.context().range(-5, 1000, 7, 4);
  const auto typed = numbers.map([](std::int64_t x) { return 2 * x; })
                         .flat_map([](std::int64_t x, auto&& emit) {
                           emit(x);
                           if (x % 3 == 0) emit(x / 2);
                         })
                         .collect();
  EXPECT_EQ(twice_and_halves(numbers).collect(), typed);
}

TEST(Chain, StringsCrossAsViewsAndCollectAsStrings) {
  test::SingleStage stage;
  const std::vector<std::string> lines{"to be or not", "to be", ""};
  const auto words = stage.context()
                         .parallelize(lines, 2)
                         .flat_map<std::string_view>(
                             [](std::string_view line, auto&& emit) { for_each_word(line, emit); })
                         .map([](std::string_view word) {
                           return std::pair{word, 1L};
                         });
  const auto pairs = words.collect();
  ASSERT_EQ(pairs.size(), 6U);
  EXPECT_EQ(pairs[5], (std::pair<std::string, long>("be", 1)));
  EXPECT_EQ(words.keys().count(), 6);
}

TEST(Chain, MapPartitionsSeesEveryPartitionOnce) {
  test::SingleStage stage;
  const auto numbers = stage.context().range(0, 2, 1, 4);
  const auto sizes = numbers
                         .map_partitions([](auto& records) {
                           std::int64_t n = 0;
                           records.for_each([&](auto&&) { ++n; });
                           return std::vector<std::int64_t>{n};
                         })
                         .collect();
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}), 2);
  EXPECT_EQ(sizes.size(), 4U);
  const auto tagged = numbers
                          .map_partitions_with_index([](std::uint32_t index, auto& records) {
                            std::vector<std::pair<std::uint32_t, std::int64_t>> out;
                            for (std::int64_t x : records) out.emplace_back(index, x);
                            return out;
                          })
                          .collect();
  ASSERT_EQ(tagged.size(), 2U);
}

TEST(Actions, ReduceTakeTopFirst) {
  test::SingleStage stage;
  const auto numbers = stage.context().range(1, 1000, 1, 10);
  EXPECT_EQ(numbers.reduce([](std::int64_t a, std::int64_t b) { return a + b; }), 499500);
  EXPECT_EQ(numbers.count(), 999);
  EXPECT_EQ(numbers.take(0), std::vector<std::int64_t>{});
  EXPECT_EQ(numbers.take(3), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(numbers.take(2000).size(), 999U);
  EXPECT_EQ(numbers.top(3), (std::vector<std::int64_t>{999, 998, 997}));
  EXPECT_EQ(numbers.top(2, ascending), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(numbers.first(), 1);
  const auto none = numbers.filter([](std::int64_t) { return false; });
  EXPECT_TRUE(none.is_empty());
  EXPECT_THROW((void)none.first(), UnsupportedOperation);
  try {
    (void)none.reduce([](std::int64_t a, std::int64_t) { return a; });
    FAIL() << "reduced nothing";
  } catch (const UnsupportedOperation& error) {
    EXPECT_STREQ(error.what(), "empty collection");
  }
}

TEST(Actions, TakeLooksAtOnePartitionFirst) {
  test::SingleStage stage;
  const auto numbers = stage.context().range(0, 100, 1, 50);
  EXPECT_EQ(numbers.take(1).size(), 1U);
  EXPECT_EQ(stage.tasks(), 1U);
}

TEST(Captures, ValuesTravelAndPointersAreRefused) {
  test::SingleStage stage;
  const auto numbers = stage.context().range(0, 4, 1, 2);
  const std::int64_t offset = 100;
  EXPECT_EQ(numbers.map([offset](std::int64_t x) { return x + offset; }).first(), 100);
  const std::string suffix = "!";
  EXPECT_EQ(numbers
                .map(volley::bind(
                    [](const std::string& end, std::int64_t x) { return std::to_string(x) + end; },
                    suffix))
                .first(),
            "0!");
  std::int64_t sum = 0;
  try {
    (void)numbers.map([&sum](std::int64_t x) { return sum += x; });
    FAIL() << "a reference was shipped";
  } catch (const InvalidArgument& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("map at chain_test.cpp:"), std::string::npos) << text;
    EXPECT_NE(text.find("offset 0"), std::string::npos) << text;
    EXPECT_NE(text.find("the stack"), std::string::npos) << text;
  }
}

TEST(Range, DoesNotOverflow) {
  test::SingleStage stage;
  const auto max = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(stage.context().range(max - 5, max, 2, 2).collect(),
            (std::vector<std::int64_t>{max - 5, max - 3, max - 1}));
  EXPECT_EQ(stage.context().range(5, 0, -2, 3).collect(), (std::vector<std::int64_t>{5, 3, 1}));
  EXPECT_THROW((void)stage.context().range(0, 1, 0), InvalidArgument);
  EXPECT_EQ(stage.context().range(0, 0, 1, 2).count(), 0);
}

}  // namespace
}  // namespace volley
