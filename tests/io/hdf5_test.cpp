#include "hdf5_files.hpp"
#include "io/io_error.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace volley::io::test {
namespace {

using ::testing::HasSubstr;

struct Particle {
  std::int8_t kind = 0;
  double mass = 0;
  std::array<float, 3> place{};
  bool charged = false;
  std::array<char, 6> name{};
  bool operator==(const Particle&) const = default;
};

Particle particle(int i) {
  Particle made;
  made.kind = static_cast<std::int8_t>(i % 100);
  made.mass = i * 0.5;
  made.place = {static_cast<float>(i), 1, 2};
  made.charged = i % 3 == 0;
  made.name = {'p', static_cast<char>('0' + i % 10)};
  return made;
}

template <class T>
std::vector<std::vector<T>> numbered(const std::vector<int>& sizes) {
  std::vector<std::vector<T>> all;
  int next = 0;
  for (const int size : sizes) {
    auto& part = all.emplace_back();
    for (int i = 0; i < size; ++i) part.push_back(static_cast<T>(next++));
  }
  return all;
}

/// A directory, and file names in it.
class Hdf5 : public ::testing::TestWithParam<int> {
 protected:
  std::string path(const char* name = "a.h5") const { return scratch_.path(name); }
  template <class T>
  void write(const std::vector<std::vector<T>>& partitions, DatasetShape shape = {}) {
    shape.gzip = GetParam();
    write_dataset(path(), scratch_.path("parts"), partitions, shape);
  }
  Scratch scratch_;
};

TEST_P(Hdf5, RowsOfPartitionsBecomeOneDatasetInOrder) {
  const auto parts = numbered<double>({3, 0, 9, 1, 1, 1, 6, 0});
  write(parts);
  const Hdf5DatasetInfo info = inspect_hdf5_dataset(path(), "/data");
  EXPECT_EQ(info.text(), "float64 [21]");
  EXPECT_EQ(info.chunk, std::vector<std::uint64_t>{4});
  EXPECT_EQ(info.filters.size(), GetParam() == 0 ? 0U : 1U);
  for (const std::uint64_t partitions : {1U, 2U, 5U, 100U}) {
    EXPECT_EQ(read_dataset<double>(path(), partitions), joined(parts));
  }
}

TEST_P(Hdf5, PartitionsAreWholeChunks) {
  write(numbered<std::int32_t>({21}));
  const auto splits = plan_dataset<std::int32_t>(path(), 3);
  EXPECT_TRUE(splits.front().placed);
  std::vector<std::uint64_t> first;
  for (const Hdf5Split& split : splits) first.push_back(split.row);
  EXPECT_EQ(first, (std::vector<std::uint64_t>{0, 4, 8, 12, 16, 20}));
  EXPECT_EQ(plan_dataset<std::int32_t>(path(), 1).size(), 1U);
}

TEST_P(Hdf5, ConversionKeepsEveryValue) {
  const auto parts = numbered<std::int32_t>({5, 8});
  write(parts);
  const auto splits = plan_dataset<std::int64_t>(path(), 3);
  EXPECT_FALSE(splits.front().placed);
  std::vector<std::int64_t> expected(13);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(joined(read_splits<std::int64_t>(splits)), expected);
  EXPECT_EQ(read_dataset<double>(path(), 2), std::vector<double>(expected.begin(), expected.end()));
}

TEST_P(Hdf5, RowsOfArraysAndVectorsAreColumns) {
  std::vector<std::vector<std::array<std::int16_t, 3>>> parts(2);
  std::vector<std::vector<std::int16_t>> expected;
  for (std::int16_t i = 0; i < 10; ++i) {
    parts[i / 7].push_back({i, static_cast<std::int16_t>(i * 2), -1});
    expected.push_back({i, static_cast<std::int16_t>(i * 2), -1});
  }
  write(parts);
  EXPECT_EQ(inspect_hdf5_dataset(path(), "/data").text(), "int16 [10, 3]");
  EXPECT_EQ((read_dataset<std::array<std::int16_t, 3>>(path(), 2)), joined(parts));
  EXPECT_EQ(read_dataset<std::vector<std::int16_t>>(path(), 2), expected);
  const std::vector<float> last{9, 18, -1};
  EXPECT_EQ(read_dataset<std::vector<float>>(path(), 2).back(), last);
}

TEST_P(Hdf5, StructsAreCompounds) {
  std::vector<std::vector<Particle>> parts(3);
  for (int i = 0; i < 11; ++i) parts[static_cast<std::size_t>(i / 4)].push_back(particle(i));
  write(parts, {.members = {"kind", "mass", "place", "charged", "name"}});
  EXPECT_EQ(
      inspect_hdf5_dataset(path(), "/data").text(),
      "compound {kind: int8, mass: float64, place: float32[3], charged: bool, name: text of 6 "
      "bytes} [11]");
  const auto splits = plan_dataset<Particle>(path(), 2);
  EXPECT_TRUE(splits.front().placed);  // without padding in the file, but byte for byte the same
  EXPECT_EQ(joined(read_splits<Particle>(splits)), joined(parts));

  using Named = std::pair<double, std::int64_t>;
  const auto named = read_dataset<Named>(path(), 2, {"mass", "kind"});
  ASSERT_EQ(named.size(), 11U);
  EXPECT_EQ(named.back(), (Named{5, 10}));
}

TEST_P(Hdf5, RowsWithoutRecordsMakeAnEmptyDataset) {
  write(numbered<float>({0, 0}));
  EXPECT_EQ(inspect_hdf5_dataset(path(), "/data").text(), "float32 [0]");
  EXPECT_TRUE(plan_dataset<float>(path(), 3).empty());
}

TEST_P(Hdf5, GroupsAttributesAndListing) {
  const Hdf5Attributes attributes{{"unit", std::string("kg")},
                                  {"scale", 0.5},
                                  {"count", std::int64_t{-3}},
                                  {"list", std::vector<double>{1, 2}},
                                  {"names", std::vector<std::string>{"a", "bc"}}};
  write(numbered<float>({3}), {.dataset = "/a/b/c", .chunk_rows = 2, .attributes = attributes});
  EXPECT_EQ(read_hdf5_attributes(path(), "/a/b/c"), attributes);
  const auto listed = list_hdf5_datasets(path());
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed.front().name, "/a/b/c");
  write_hdf5_attributes(path(), "/a", {{"unit", std::string("g")}});
  write_hdf5_attributes(path(), "/a", {{"unit", std::uint64_t{7}}});
  EXPECT_EQ(read_hdf5_attributes(path(), "/a"), (Hdf5Attributes{{"unit", std::uint64_t{7}}}));
}

TEST_P(Hdf5, ErrorsSayWhatWasFound) {
  write(numbered<std::int64_t>({30}));
  const auto as = [&](auto type) {
    return error_of([&] { plan_dataset<decltype(type)>(path()); });
  };
  EXPECT_EQ(as(float{}), "cannot read dataset /data of HDF5 file " + path() +
                             " as float32 [n]: it is int64 [30]: float32 does not hold every value "
                             "of int64");
  EXPECT_THAT(as(std::uint64_t{}), HasSubstr("uint64 does not hold every value of int64"));
  EXPECT_THAT(as(double{}), HasSubstr("float64 does not hold every value of int64"));
  EXPECT_THAT(as(std::array<std::int64_t, 2>{}),
              HasSubstr("rows of 2 x int64 [n, 2]: it is int64 [30]"));
  EXPECT_THAT(as(Particle{}), HasSubstr("int64 is no compound"));
  const auto open = [&](const std::string& file, const std::string& dataset) {
    return error_of([&] { plan_dataset<double>(file, 1, {}, dataset); });
  };
  EXPECT_EQ(open(path(), "/other"),
            "HDF5 file " + path() + " has no dataset /other: it holds /data");
  EXPECT_THAT(open(path("none.h5"), "/data"), HasSubstr("none.h5"));
  EXPECT_EQ(open(scratch_.file("text.h5", "not a file of numbers"), "/data"),
            "cannot open HDF5 file " + path("text.h5") + ": it is not an HDF5 file");
}

TEST_P(Hdf5, TruncatedFilesAreRefused) {
  write(numbered<std::int64_t>({3000}), {.chunk_rows = 500});
  const auto splits = plan_dataset<std::int64_t>(path(), 2);
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 100);
  EXPECT_THAT(error_of([&] { plan_dataset<std::int64_t>(path()); }), HasSubstr("truncated"));
  EXPECT_THAT(error_of([&] { read_splits<std::int64_t>(splits); }), HasSubstr("a.h5"));
}

TEST_P(Hdf5, MoreOrFewerRowsThanCountedAreRefused) {
  Hdf5Creation creation;
  auto target = make_target(path(), numbered<double>({4, 4}), {}, creation);
  target.places = create_hdf5_layout(target, creation, {});
  const std::vector<double> rows(5);
  Hdf5PlaceWriter more(target, 0);
  EXPECT_THAT(error_of([&] { more.add(bytes_of(rows)); }), HasSubstr("more than the 4 rows"));
  Hdf5PlaceWriter fewer(target, 1);
  const std::vector<std::byte> bytes = bytes_of(rows);
  fewer.add(std::span(bytes).first(16));
  EXPECT_THAT(error_of([&] { fewer.finish(); }), HasSubstr("has 2 rows, and had 4"));
}

TEST_P(Hdf5, AnAttemptThatEndedEarlyIsRepeated) {
  const auto parts = numbered<double>({5, 6});
  Hdf5Creation creation;
  auto target = make_target(path(), parts, {}, creation);
  target.places = create_hdf5_layout(target, creation, {});
  for (const std::size_t rows : {3U, 5U}) {  // the first attempt ends in the middle
    Hdf5PlaceWriter writer(target, 0);
    const std::vector<std::byte> bytes = bytes_of(parts[0]);
    writer.add(std::span(bytes).first(rows * sizeof(double)));
    if (rows == 5) writer.finish();
  }
  Hdf5PlaceWriter other(target, 1);
  other.add(bytes_of(parts[1]));
  other.finish();
  EXPECT_EQ(read_dataset<double>(path()), joined(parts));
}

INSTANTIATE_TEST_SUITE_P(Compression, Hdf5, ::testing::Values(0, 4),
                         [](const auto& test) { return test.param == 0 ? "none" : "gzip"; });

}  // namespace
}  // namespace volley::io::test
