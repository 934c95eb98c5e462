#include "io/line_reader.hpp"

#include "io/io_error.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace volley::io {
namespace {

using test::Scratch;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

using Lines = std::vector<std::string>;

Lines naive_lines(const std::string& text) {
  Lines lines;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find('\n', at);
    const std::size_t next = end == std::string::npos ? text.size() : end + 1;
    if (end == std::string::npos) {
      end = text.size();
    } else if (end > at && text[end - 1] == '\r') {
      --end;
    }
    lines.push_back(text.substr(at, end - at));
    at = next;
  }
  return lines;
}

Lines read_split(const TextSplit& split) {
  LineReader reader(split);
  Lines lines;
  std::string_view line;
  while (reader.next(line)) lines.emplace_back(line);
  EXPECT_FALSE(reader.next(line)) << "the end stays the end";
  return lines;
}

Lines read_batches(const TextSplit& split, std::size_t batch) {
  LineReader reader(split);
  Lines lines;
  std::vector<std::string_view> views(batch);
  while (const std::size_t count = reader.next_batch(views)) {
    lines.insert(lines.end(), views.begin(), views.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return lines;
}

TextSplit whole(const std::string& path, bool gz = false) {
  const Codec codec = gz ? Codec::gzip : Codec::none;
  const std::uint64_t size = std::filesystem::file_size(path);
  return {path, 0, size, size, codec};
}

/// The lines of all splits of `size` bytes, in order.
Lines read_in_splits(const std::string& path, std::uint64_t size) {
  const std::uint64_t total = std::filesystem::file_size(path);
  Lines lines;
  for (std::uint64_t at = 0; at < total; at += size) {
    const Lines part = read_split({path, at, std::min(size, total - at), total, Codec::none});
    lines.insert(lines.end(), part.begin(), part.end());
  }
  return lines;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// Many short lines and now and then one of `longest` characters.
std::string random_text(std::mt19937_64& random, std::size_t size, std::size_t longest) {
  std::string text;
  while (text.size() < size) {
    const std::size_t length = random() % 50 == 0 ? longest : random() % 12;
    for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + random() % 26);
    if (random() % 8 == 0) text += '\r';
    if (random() % 16 == 0) text += '\r';
    text += '\n';
  }
  return text;
}

struct LineCase {
  const char* text;
  Lines lines;
};

TEST(LineReaderTest, EndsOfLines) {
  const std::vector<LineCase> cases = {
      {"a\nb\n", {"a", "b"}},     {"a\nb", {"a", "b"}},
      {"a\r\nb\r\n", {"a", "b"}}, {"\n", {""}},
      {"\n\n", {"", ""}},         {"\r\n", {""}},
      {"a\r\r\n", {"a\r"}},       {"a\rb\n", {"a\rb"}},
      {"a\r", {"a\r"}},           {"a\n\nb", {"a", "", "b"}},
      {"\na", {"", "a"}},         {"a", {"a"}},
  };
  const Scratch scratch;
  for (const LineCase& one : cases) {
    const std::string path = scratch.file("f", one.text);
    EXPECT_EQ(read_split(whole(path)), one.lines) << ::testing::PrintToString(one.text);
    const std::string packed = scratch.file("f.gz", gzip(one.text));
    EXPECT_EQ(read_split(whole(packed, true)), one.lines) << ::testing::PrintToString(one.text);
  }
}

TEST(LineReaderTest, LineBelongsToTheSplitOfItsFirstByte) {
  const Scratch scratch;
  const std::string path = scratch.file("f", "aaa\nbbb\nccc\n");
  const auto split = [&](std::uint64_t offset, std::uint64_t length) {
    return read_split({path, offset, length, 12, Codec::none});
  };
  EXPECT_THAT(split(0, 1), ElementsAre("aaa"));
  EXPECT_THAT(split(0, 4), ElementsAre("aaa"));
  EXPECT_THAT(split(0, 5), ElementsAre("aaa", "bbb"));
  EXPECT_THAT(split(1, 3), IsEmpty());
  EXPECT_THAT(split(3, 1), IsEmpty()) << "the newline belongs to its line";
  EXPECT_THAT(split(4, 1), ElementsAre("bbb"));
  EXPECT_THAT(split(8, 4), ElementsAre("ccc"));
  EXPECT_THAT(split(9, 3), IsEmpty());
  EXPECT_THAT(split(0, 0), IsEmpty());
}

TEST(LineReaderTest, EverySplitSizeGivesTheSameLines) {
  const Scratch scratch;
  std::mt19937_64 random(7);
  for (int round = 0; round < 6; ++round) {
    std::string text = random_text(random, 150, 40);
    if (round % 2 == 1) text += "tail";
    if (round == 3) text += '\r';
    const std::string path = scratch.file("f", text);
    const Lines expected = naive_lines(text);
    for (std::uint64_t size = 1; size <= text.size(); ++size) {
      ASSERT_EQ(read_in_splits(path, size), expected) << "round " << round << " size " << size;
    }
  }
}

TEST(LineReaderTest, SplitsLargerThanAWindow) {
  const Scratch scratch;
  std::mt19937_64 random(8);
  const std::string text = random_text(random, 3 * FileMapping::window, 20000) + "tail";
  const std::string path = scratch.file("f", text);
  const Lines expected = naive_lines(text);
  for (const std::uint64_t size : {text.size(), FileMapping::window, text.size() / 2 + 1}) {
    EXPECT_TRUE(read_in_splits(path, size) == expected) << size;
  }
  for (const std::size_t batch : {1U, 7U, 512U}) {
    EXPECT_TRUE(read_batches(whole(path), batch) == expected) << batch;
  }
}

TEST(LineReaderTest, LineLongerThanManyWindows) {
  const Scratch scratch;
  const std::string text = "first\n" + std::string(3 * FileMapping::window, 'x') + "\nlast";
  const std::string path = scratch.file("f", text);
  EXPECT_TRUE(read_split(whole(path)) == naive_lines(text));
  EXPECT_TRUE(read_in_splits(path, 100000) == naive_lines(text));
  const std::string packed = scratch.file("f.gz", gzip(text));
  EXPECT_TRUE(read_split(whole(packed, true)) == naive_lines(text));
}

TEST(LineReaderTest, ViewsOutliveTheirWindow) {
  const Scratch scratch;
  std::mt19937_64 random(9);
  const std::string text = random_text(random, 5 * FileMapping::window, 100);
  const std::string path = scratch.file("f", text);
  LineReader reader(whole(path));
  std::vector<std::string_view> views;
  std::string_view line;
  while (reader.next(line)) views.push_back(line);
  EXPECT_EQ(reader.bytes_read(), text.size());
  const Lines expected = naive_lines(text);
  EXPECT_TRUE(std::equal(views.begin(), views.end(), expected.begin(), expected.end()));
}

std::size_t resident_kib_of(const std::string& path) {
  std::FILE* maps = std::fopen("/proc/self/smaps", "r");
  if (maps == nullptr) return 0;
  std::array<char, 4096> row{};
  bool inside = false;
  std::size_t kib = 0;
  while (std::fgets(row.data(), row.size(), maps) != nullptr) {
    const std::string text(row.data());
    if (text.find(path) != std::string::npos) inside = true;
    if (inside && text.starts_with("Rss:")) {
      kib += std::stoul(text.substr(4));
      inside = false;
    }
  }
  std::fclose(maps);
  return kib;
}

TEST(LineReaderTest, KeepsLittleResident) {
  const Scratch scratch;
  const std::string path = scratch.file("resident", std::string(40U << 20U, '\n'));
  LineReader reader(whole(path));
  std::vector<std::string_view> views(512);
  while (reader.next_batch(views) != 0) continue;
  EXPECT_GT(resident_kib_of(path), 0U) << "the mapping is seen at all";
  EXPECT_LE(resident_kib_of(path), 4 * (FileMapping::window >> 10U));
}

TEST(LineReaderTest, ChangedFileIsRefused) {
  const Scratch scratch;
  const std::string path = scratch.file("f", "a\nb\n");
  for (const std::uint64_t planned : {3U, 5U}) {
    EXPECT_THAT(([&] {
                  LineReader reader({path, 0, 3, planned, Codec::none});
                }),
                ThrowsMessage<IoError>(HasSubstr(path + " changed while it was read")));
    EXPECT_THAT(([&] {
                  LineReader reader({path, 0, 3, planned, Codec::gzip});
                }),
                ThrowsMessage<IoError>(HasSubstr(path + " changed while it was read")));
  }
}

TEST(LineReaderTest, FileCutShortInTheMiddleIsAnError) {
  const Scratch scratch;
  const std::string path = scratch.file("f", std::string(3 * FileMapping::window, '\n'));
  LineReader reader(whole(path));
  std::string_view line;
  ASSERT_TRUE(reader.next(line));
  std::filesystem::resize_file(path, FileMapping::window);
  EXPECT_THAT(([&] {
                while (reader.next(line)) continue;
              }),
              ThrowsMessage<IoError>(HasSubstr("changed while it was read")));
}

TEST(LineReaderTest, MissingFile) {
  EXPECT_THAT(
      [] {
        LineReader reader({"/no/such/file", 0, 1, 1, Codec::none});
      },
      ThrowsMessage<IoError>("cannot open /no/such/file: No such file or directory"));
}

TEST(LineReaderTest, GzipInSeveralMembers) {
  const Scratch scratch;
  std::mt19937_64 random(10);
  const std::string first = random_text(random, 3U << 20U, 3000) + "half";
  const std::string second = "line\r\n" + random_text(random, 1000, 30) + "tail";
  const Lines expected = naive_lines(first + second);
  const std::string packed = gzip(first) + gzip("") + gzip(second);
  for (const std::string& padding : {std::string(), std::string(1000, '\0')}) {
    const std::string path = scratch.file("f.gz", packed + padding);
    EXPECT_TRUE(read_split(whole(path, true)) == expected);
    for (const std::size_t batch : {1U, 100U, 1000000U}) {
      EXPECT_TRUE(read_batches(whole(path, true), batch) == expected) << batch;
    }
  }
}

TEST(LineReaderTest, DamagedGzipNamesFileAndPlace) {
  const Scratch scratch;
  std::mt19937_64 random(11);
  const std::string good = gzip(random_text(random, 100000, 30));
  std::string flipped = good;
  flipped[flipped.size() / 2] = static_cast<char>(~flipped[flipped.size() / 2]);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {good.substr(0, good.size() / 2), "truncated gzip data at byte"},
      {good.substr(0, good.size() - 1), "truncated gzip data at byte"},
      {flipped, "at byte"},
      {"plain text, not gzip", "at byte"},
      {good + "garbage", "at byte"},
      {std::string(10, '\0'), "at byte"},
  };
  for (const auto& [bytes, message] : cases) {
    const std::string path = scratch.file("f.gz", bytes);
    EXPECT_THAT([&] { read_split(whole(path, true)); },
                ThrowsMessage<IoError>(AllOf(HasSubstr(path), HasSubstr(message))));
  }
}

}  // namespace
}  // namespace volley::io
