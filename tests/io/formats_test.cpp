#include "io/byte_source.hpp"
#include "io/compressed_writer.hpp"
#include "io/file_mapping.hpp"
#include "io/io_error.hpp"
#include "io/object_file.hpp"
#include "io/whole_input.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace volley::io {
namespace {

using test::error_of;
using test::Scratch;
using ::testing::HasSubstr;

std::string some_text(std::size_t words) {
  std::mt19937 random(7);
  std::string text;
  for (std::size_t i = 0; i < words; ++i) text += std::to_string(random() % 1000) + ' ';
  return text;
}

std::string read_packed(const std::string& path, std::size_t step) {
  const auto source = open_compressed(codec_of_path(path),
                                      open_planned(path, std::filesystem::file_size(path)), path);
  std::string all;
  std::string some(step, '\0');
  for (;;) {
    const std::size_t got = source->read(some);
    all.append(some, 0, got);
    if (got < some.size()) return all;
  }
}

class Codecs : public ::testing::TestWithParam<Codec> {
 protected:
  /// Writes one part and returns its path.
  std::string write(const std::string& text, std::size_t piece) {
    const std::string directory = scratch_.path("out");
    EXPECT_TRUE(prepare_output(directory).ok());
    CompressedWriter writer(directory, {0, 0, 0}, GetParam());
    for (std::size_t at = 0; at < text.size(); at += piece) {
      writer.write(std::string_view(text).substr(at, piece));
    }
    writer.finish();
    EXPECT_GT(writer.bytes(), 0U);
    writer.commit();
    EXPECT_TRUE(commit_job(directory, 1, {}, ending_of(GetParam())).ok());
    return directory + "/part-00000" + ending_of(GetParam());
  }
  Scratch scratch_;
};

TEST_P(Codecs, WhatIsWrittenIsRead) {
  const std::string text = some_text(200000);
  const std::string path = write(text, 1000);
  EXPECT_LT(std::filesystem::file_size(path), text.size() * 4 / 5);
  EXPECT_TRUE(read_packed(path, 4096) == text);
  EXPECT_TRUE(read_packed(path, 10U << 20U) == text);
}

TEST_P(Codecs, LargePiecesAndNothing) {
  const std::string text = some_text(300000);
  EXPECT_TRUE(read_packed(write(text, text.size()), 100000) == text);
  std::filesystem::remove_all(scratch_.path("out"));
  EXPECT_EQ(read_packed(write("", 1), 100), "");
}

TEST_P(Codecs, FilesOneAfterAnotherAreOneText) {
  const std::string packed = test::read_all(write("one ", 4));
  const std::string twice = scratch_.file("twice" + ending_of(GetParam()), packed + packed);
  EXPECT_EQ(read_packed(twice, 100), "one one ");
}

TEST_P(Codecs, TruncatedFilesAreErrorsThatNameThem) {
  const std::string path = write(some_text(50000), 1000);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(error_of([&] { read_packed(path, 4096); }), HasSubstr(path + ": truncated"));
}

INSTANTIATE_TEST_SUITE_P(All, Codecs, ::testing::Values(Codec::gzip, Codec::zstd, Codec::lz4));

TEST(Codec, NamesAndEndings) {
  EXPECT_EQ(parse_codec("").value(), Codec::none);
  EXPECT_EQ(parse_codec("zstd").value(), Codec::zstd);
  EXPECT_THAT(parse_codec("snappy").error(), HasSubstr("'snappy'"));
  EXPECT_EQ(codec_of_path("/a/b.lz4"), Codec::lz4);
  EXPECT_EQ(codec_of_path("/a/b.gzip"), Codec::none);
}

class Objects : public ::testing::TestWithParam<Codec> {
 protected:
  ObjectSplit write() {
    const std::string directory = scratch_.path("objects");
    EXPECT_TRUE(prepare_output(directory).ok());
    PartWriter part(directory, {0, 0, 0});
    ObjectWriter writer(part, GetParam(), "numbers");
    const std::vector<std::byte> block(1000, std::byte{3});
    writer.add(block, 10);
    writer.add(std::span(block).first(7), 1);
    writer.finish();
    part.commit();
    EXPECT_TRUE(commit_job(directory, 1).ok());
    return split(directory + "/part-00000");
  }
  static ObjectSplit split(const std::string& path) {
    return {path, std::filesystem::file_size(path), 0, false, false};
  }
  static std::string error_of_reading(const ObjectSplit& split) {
    return error_of([&] {
      ObjectReader reader(split, "numbers");
      std::vector<std::byte> bytes;
      std::uint64_t records = 0;
      while (reader.next(bytes, records)) {
      }
    });
  }
  Scratch scratch_;
};

TEST_P(Objects, BlocksComeBack) {
  ObjectReader reader(write(), "numbers");
  std::vector<std::byte> bytes;
  std::uint64_t records = 0;
  ASSERT_TRUE(reader.next(bytes, records));
  EXPECT_EQ(bytes, std::vector<std::byte>(1000, std::byte{3}));
  EXPECT_EQ(records, 10U);
  ASSERT_TRUE(reader.next(bytes, records));
  EXPECT_EQ(bytes.size(), 7U);
  EXPECT_FALSE(reader.next(bytes, records));
}

TEST_P(Objects, EveryDamageIsNoticed) {
  const ObjectSplit good = write();
  EXPECT_EQ(error_of_reading(good), "no error");
  EXPECT_THAT(error_of([&] { ObjectReader(good, "texts"); }),
              HasSubstr("of type numbers, not texts"));
  const std::string content = test::read_all(good.path);
  for (std::size_t at = 0; at < content.size(); ++at) {
    std::string damaged = content;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const std::string error = error_of_reading(split(scratch_.file("damaged", damaged)));
    // A codec may have bits that mean nothing.
    if (GetParam() == Codec::none) {
      EXPECT_NE(error, "no error") << "byte " << at;
    }
    const std::string cut = content.substr(0, at);
    EXPECT_NE(error_of_reading(split(scratch_.file("cut", cut))), "no error") << at << " bytes";
  }
}

INSTANTIATE_TEST_SUITE_P(All, Objects,
                         ::testing::Values(Codec::none, Codec::gzip, Codec::zstd, Codec::lz4));

TEST(WholeInput, AsManyPartitionsAsAskedAndNoneEmpty) {
  const Scratch scratch;
  for (int i = 0; i < 8; ++i) {
    scratch.file("f/" + std::to_string(i), std::string(static_cast<std::size_t>(i * i), 'x'));
  }
  for (const std::uint64_t wanted : {1U, 2U, 3U, 7U, 8U, 20U}) {
    const auto splits = plan_whole_files(scratch.path("f"), wanted, base::ByteCount{1000}, false);
    ASSERT_TRUE(splits.ok());
    EXPECT_EQ(splits.value().size(), std::min<std::uint64_t>(wanted, 8));
    std::string names;
    for (const WholeFiles& split : splits.value()) {
      EXPECT_FALSE(split.files.empty());
      for (const WholeFile& file : split.files) names += file.path.back();
    }
    EXPECT_EQ(names, "01234567");
  }
  EXPECT_GT(plan_whole_files(scratch.path("f"), 1, base::ByteCount{40}, false).value().size(), 3U);
}

}  // namespace
}  // namespace volley::io
