#include "io/binary_input.hpp"

#include "io/io_error.hpp"
#include "io/record_reader.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace volley::io {
namespace {

using base::ByteCount;
using test::Scratch;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::ThrowsMessage;

constexpr ByteCount no_limit{std::numeric_limits<std::uint64_t>::max()};

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Ranges ranges(const std::string& path, std::uint64_t record_size, std::uint64_t min_partitions,
              ByteCount max_bytes = no_limit) {
  const auto splits = plan_binary_input(path, record_size, min_partitions, max_bytes);
  EXPECT_TRUE(splits.ok());
  Ranges found;
  for (const BinarySplit& split : splits.value()) found.emplace_back(split.offset, split.length);
  return found;
}

std::string bytes(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += static_cast<char>(i % 251);
  return text;
}

TEST(PlanBinaryInput, CutsAtRecordsOnly) {
  const Scratch scratch;
  const std::string path = scratch.file("f", bytes(100));
  EXPECT_THAT(ranges(path, 10, 1), ElementsAre(Pair(0, 100)));
  EXPECT_THAT(ranges(path, 10, 3),
              ElementsAre(Pair(0, 30), Pair(30, 30), Pair(60, 30), Pair(90, 10)));
  EXPECT_THAT(ranges(path, 20, 1, ByteCount{50}),
              ElementsAre(Pair(0, 40), Pair(40, 40), Pair(80, 20)));
  EXPECT_THAT(ranges(path, 50, 1000), ElementsAre(Pair(0, 50), Pair(50, 50)))
      << "at least a record";
  EXPECT_THAT(ranges(path, 100, 1, ByteCount{1}), ElementsAre(Pair(0, 100)));
}

TEST(PlanBinaryInput, AFileMayBeEmptyButNotCut) {
  const Scratch scratch;
  EXPECT_THAT(ranges(scratch.file("empty/f", ""), 16, 4), IsEmpty());
  const std::string cut = scratch.file("cut/a", bytes(35));
  const std::string odd = scratch.file("cut/b", bytes(7));
  const std::string whole = scratch.file("cut/c", bytes(32));
  const auto splits = plan_binary_input(scratch.path("cut"), 16, 2, no_limit);
  ASSERT_FALSE(splits.ok());
  EXPECT_THAT(splits.error(), AllOf(HasSubstr(cut + " has 35 bytes"), HasSubstr("record size 16"),
                                    HasSubstr("2 records and 3 bytes more"), HasSubstr(odd),
                                    ::testing::Not(HasSubstr(whole))));
  EXPECT_FALSE(plan_binary_input(scratch.path("missing"), 16, 2, no_limit).ok());
}

std::string read_split(const BinarySplit& split, std::size_t record_size) {
  RecordReader reader(split, record_size);
  std::string read;
  for (auto piece = reader.next(); !piece.empty(); piece = reader.next()) {
    EXPECT_EQ(piece.size() % record_size, 0U);
    read.append(piece.begin(), piece.end());
  }
  EXPECT_TRUE(reader.next().empty()) << "the end stays the end";
  return read;
}

TEST(RecordReader, SplitsTogetherAreTheFile) {
  const Scratch scratch;
  constexpr std::size_t record_size = 100;
  const std::string content = bytes(5 * FileMapping::window / 2 / record_size * record_size);
  const std::string path = scratch.file("f", content);
  for (const std::uint64_t partitions : {1, 2, 3, 17}) {
    std::string read;
    const auto splits = plan_binary_input(path, record_size, partitions, no_limit);
    for (const BinarySplit& split : splits.value()) read += read_split(split, record_size);
    EXPECT_TRUE(read == content) << partitions;
  }
}

TEST(RecordReader, ARecordMayBeLargerThanAWindow) {
  const Scratch scratch;
  const std::size_t record_size = FileMapping::window + 12345;
  const std::string content = bytes(2 * record_size);
  const std::string path = scratch.file("f", content);
  EXPECT_TRUE(read_split({path, 0, 2 * record_size, content.size()}, record_size) == content);
}

TEST(RecordReader, AFileThatChangedIsAnError) {
  const Scratch scratch;
  const std::string path = scratch.file("f", bytes(64));
  const BinarySplit split{path, 0, 64, 64};
  scratch.file("f", bytes(80));
  EXPECT_THAT([&] { RecordReader(split, 16); }, ThrowsMessage<IoError>(HasSubstr("changed")));
}

}  // namespace
}  // namespace volley::io
