// Binary records: what is saved is read back the same, in any number of partitions.

#include "single_stage.hpp"

#include <volley/volley.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>

namespace volley {
namespace {

namespace fs = std::filesystem;

struct Measurement {
  std::array<float, 3> at{};
  std::uint16_t sensor = 0;
  bool operator==(const Measurement&) const = default;
};
using Record = std::pair<std::uint64_t, Measurement>;

class BinaryRecords : public ::testing::Test {
 protected:
  BinaryRecords() {
    std::string pattern = (fs::temp_directory_path() / "volley-api-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    place_ = pattern;
  }
  ~BinaryRecords() override { fs::remove_all(place_); }

  test::SingleStage stage_;
  fs::path place_;
};

Record make_record(std::int64_t i) {
  const auto value = static_cast<float>(i);
  return {static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15U,
          {{value, -value, value / 3}, static_cast<std::uint16_t>(i)}};
}

TEST_F(BinaryRecords, SavedRecordsAreReadBackInOrder) {
  const auto records = stage_.context().range(0, 1000, 1, 3).map(make_record);
  const std::string saved = place_ / "saved";
  records.save_as_binary_records(saved);
  EXPECT_TRUE(fs::exists(place_ / "saved" / "_SUCCESS"));
  EXPECT_EQ(fs::file_size(place_ / "saved" / "part-00001"), 333 * sizeof(Record));
  for (const std::uint32_t partitions : {1U, 4U, 100U}) {
    const auto again = stage_.context().binary_records<Record>(saved, partitions);
    EXPECT_GE(again.num_partitions(), partitions);
    EXPECT_EQ(again.collect(), records.collect());
  }
  const auto sensors = stage_.context().binary_records<Record>(saved).map(
      [](const Record& record) { return std::uint64_t{record.second.sensor}; });
  EXPECT_EQ(sensors.reduce(std::plus<>{}), 499500U);
}

TEST_F(BinaryRecords, RecordsOfBytesNeedNoAlignment) {
  using Bytes = std::pair<std::array<unsigned char, 3>, std::array<unsigned char, 4>>;
  static_assert(sizeof(Bytes) == 7);
  std::ofstream(place_ / "f", std::ios::binary) << "abc1234def5678";
  const auto records = stage_.context().binary_records<Bytes>(place_ / "f", 2).collect();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].first, (std::array<unsigned char, 3>{'d', 'e', 'f'}));
  EXPECT_EQ(records[1].second[3], '8');
}

TEST_F(BinaryRecords, AFileThatIsCutIsRefusedBeforeAnyTask) {
  std::ofstream(place_ / "f", std::ios::binary) << "12345678abc";
  try {
    std::ignore = stage_.context().binary_records<std::uint64_t>(place_ / "f");
    FAIL() << "11 bytes are no whole number of 8-byte records";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("11 bytes, no multiple of the record size 8"));
  }
  EXPECT_EQ(stage_.tasks(), 0U);
}

TEST_F(BinaryRecords, AnOutputThatExistsIsRefused) {
  const auto numbers = stage_.context().range(0, 10);
  numbers.save_as_binary_records(place_ / "saved");
  EXPECT_THROW(numbers.save_as_binary_records(place_ / "saved"), IoError);
}

}  // namespace
}  // namespace volley
