#include "io/text_input.hpp"

#include "protocol/codec.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace volley::io {
namespace {

using base::ByteCount;
using test::Scratch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr ByteCount no_limit{std::numeric_limits<std::uint64_t>::max()};

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Ranges ranges(const std::string& path, std::uint64_t min_partitions, ByteCount max_bytes) {
  const auto splits = plan_text_input(path, min_partitions, max_bytes);
  EXPECT_TRUE(splits.ok());
  Ranges found;
  for (const TextSplit& split : splits.value()) found.emplace_back(split.offset, split.length);
  return found;
}

TEST(TextSplitSize, FollowsGoalAndMaximum) {
  EXPECT_EQ(text_split_size(100, 4, no_limit), 25U);
  EXPECT_EQ(text_split_size(100, 4, ByteCount{10}), 9U) << "three rounds of four splits";
  EXPECT_EQ(text_split_size(320, 2, ByteCount{128}), 80U) << "not three splits";
  EXPECT_EQ(text_split_size(220, 2, ByteCount{100}), 110U) << "10 % more, not a second round";
  EXPECT_EQ(text_split_size(3, 4, no_limit), 1U) << "never 0";
  EXPECT_EQ(text_split_size(100, 0, no_limit), 100U) << "0 partitions count as 1";
  EXPECT_EQ(text_split_size(100, 1, ByteCount{0}), 1U);
}

TEST(PlanTextInput, CutsByGoal) {
  const Scratch scratch;
  const std::string path = scratch.file("f", std::string(100, 'x'));
  EXPECT_THAT(ranges(path, 1, no_limit), ElementsAre(Pair(0, 100)));
  EXPECT_THAT(ranges(path, 2, no_limit), ElementsAre(Pair(0, 50), Pair(50, 50)));
  EXPECT_THAT(ranges(path, 1, ByteCount{40}), ElementsAre(Pair(0, 34), Pair(34, 34), Pair(68, 32)));
  EXPECT_EQ(ranges(path, 1000, no_limit).size(), 100U);
}

TEST(PlanTextInput, LastSplitHasTenPercentSlack) {
  const Scratch scratch;
  EXPECT_THAT(ranges(scratch.file("f", std::string(110, 'x')), 1, ByteCount{100}),
              ElementsAre(Pair(0, 110)));
  EXPECT_THAT(ranges(scratch.file("g", std::string(111, 'x')), 1, ByteCount{100}),
              ElementsAre(Pair(0, 56), Pair(56, 55)));
  // 100 / 3 = 33: the fourth split of 1 byte is within the slack.
  EXPECT_THAT(ranges(scratch.file("h", std::string(100, 'x')), 3, no_limit),
              ElementsAre(Pair(0, 33), Pair(33, 33), Pair(66, 34)));
}

TEST(PlanTextInput, EmptyFilesAndDirectories) {
  const Scratch scratch;
  scratch.file("d/a", "");
  scratch.file("d/b", "1234");
  scratch.file("d/c", "");
  EXPECT_THAT(ranges(scratch.path("d"), 1, no_limit), ElementsAre(Pair(0, 4)));
  std::filesystem::create_directory(scratch.path("empty"));
  EXPECT_THAT(ranges(scratch.path("empty"), 2, no_limit), IsEmpty());
}

TEST(PlanTextInput, GoalIsOverAllFiles) {
  const Scratch scratch;
  scratch.file("d/a", std::string(10, 'x'));
  scratch.file("d/b", std::string(90, 'x'));
  EXPECT_THAT(ranges(scratch.path("d"), 2, no_limit),
              ElementsAre(Pair(0, 10), Pair(0, 50), Pair(50, 40)));
}

TEST(PlanTextInput, GzipIsOneSplit) {
  const Scratch scratch;
  const std::string path = scratch.file("f.gz", std::string(1000, 'x'));
  const auto splits = plan_text_input(path, 10, ByteCount{10});
  ASSERT_TRUE(splits.ok());
  ASSERT_EQ(splits.value().size(), 1U);
  const TextSplit& split = splits.value()[0];
  EXPECT_EQ(split.codec, Codec::gzip);
  EXPECT_EQ(split.length, 1000U);
  EXPECT_EQ(split.file_size, 1000U);
}

TEST(PlanTextInput, ErrorsAreThoseOfThePaths) {
  const auto splits = plan_text_input("/no/such/file", 2, no_limit);
  ASSERT_FALSE(splits.ok());
  EXPECT_EQ(splits.error(), "Input path does not exist: /no/such/file");
}

TEST(PlanTextInput, RefusesTooManySplits) {
  const Scratch scratch;
  const std::string path = scratch.file("sparse", "");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 30U);
  const auto splits = plan_text_input(path, 2, ByteCount{1});
  ASSERT_FALSE(splits.ok());
  EXPECT_THAT(splits.error(), HasSubstr("partitions"));
}

TEST(TextSplitTest, TravelsByTheCodec) {
  const TextSplit split{"/a/b.gz", 1, std::uint64_t{1} << 40U, std::uint64_t{1} << 41U,
                        Codec::gzip};
  const auto back = protocol::decode<TextSplit>(protocol::encode(split));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->path, split.path);
  EXPECT_EQ(back->offset, split.offset);
  EXPECT_EQ(back->length, split.length);
  EXPECT_EQ(back->file_size, split.file_size);
  EXPECT_EQ(back->codec, split.codec);
}

}  // namespace
}  // namespace volley::io
