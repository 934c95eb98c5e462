// What a task does with shuffle data that came back from disk otherwise than it was written.

#include "exchange/chunk_writer.hpp"
#include "tests/api/lone_task.hpp"

#include <volley/detail/chunk_records.hpp>
#include <volley/detail/sort_source.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace volley::detail {
namespace {

using Record = std::pair<std::uint64_t, std::uint64_t>;

/// A task that reads partition 2 of shuffle 7, held by rank 3, all of it on disk.
class DiskReader final : public LoneTask {
 public:
  explicit DiskReader(exchange::Checksums checksums)
      : LoneTask({16U << 20U, 1U << 20U, testing::TempDir(), 16U << 20U}) {
    task_.shuffles.push_back({7, 2, 3});
    exchange::ChunkWriter writer(arena_, mine, 3, 1U << 20U, checksums);
    for (std::uint64_t i = 0; i < records; ++i) {
      std::memcpy(writer.reserve(2, sizeof(Record)), &i, sizeof(i));
      std::memcpy(writer.reserve(2, sizeof(Record)) + sizeof(i), &i, sizeof(i));
      writer.commit(2, sizeof(Record));
    }
    writer.spill();
    chunks_ = writer.finish().chunks;
    for (protocol::Chunk& chunk : chunks_) chunk.map = 5;
  }
  ~DiskReader() override { arena_.release_all(mine); }

  void damage() { *arena_.at(chunks_.at(0).offset + 100) ^= std::byte{4}; }
  const std::vector<protocol::Chunk>& chunks() const { return chunks_; }
  /// The map output is no input of the task: it wrote the data itself.
  void disown() { task_.shuffles.clear(); }

  static constexpr std::uint64_t records = 1000;
};

std::uint64_t read_all(program::TaskContext& context, const std::vector<protocol::Chunk>& chunks) {
  std::uint64_t seen = 0;
  for_each_record<Record>(context, chunks, [&](const Record&) { ++seen; });
  return seen;
}

std::uint64_t sort_all(program::TaskContext& context, const std::vector<protocol::Chunk>& chunks) {
  std::uint64_t seen = 0;
  const auto count = [&](const Record&) { ++seen; };
  PartitionSorter<Record, std::less<std::uint64_t>>(context).run(chunks, count);
  return seen;
}

using Read = std::uint64_t (*)(program::TaskContext&, const std::vector<protocol::Chunk>&);

class DiskDamage : public testing::TestWithParam<Read> {};

TEST_P(DiskDamage, WhatIsWholeIsRead) {
  DiskReader reader(exchange::Checksums::on);
  ASSERT_TRUE(reader.arena().on_disk(reader.chunks().at(0).offset));
  auto context = reader.context();
  EXPECT_EQ(GetParam()(context, reader.chunks()), DiskReader::records);
}

TEST_P(DiskDamage, FETCH_004_SHUF_015_ADamagedMapOutputIsNamedAndAskedForAgain) {
  DiskReader reader(exchange::Checksums::on);
  reader.damage();
  auto context = reader.context();
  try {
    GetParam()(context, reader.chunks());
    FAIL() << "read";
  } catch (const program::FetchFailed& failed) {
    EXPECT_EQ(failed.damaged(), std::vector<std::uint32_t>{5});
    EXPECT_EQ(failed.input().shuffle, 7U);
    EXPECT_EQ(failed.input().holder, 3);
    const std::string text = failed.what();
    EXPECT_NE(text.find("shuffle 7: map output 5, partition 2, held by rank 3, came back damaged "
                        "from the scratch file /"),
              std::string::npos)
        << text;
  }
}

TEST_P(DiskDamage, WhatTheTaskWroteItselfOnlyFailsTheTask) {
  DiskReader reader(exchange::Checksums::on);
  reader.damage();
  reader.disown();
  auto context = reader.context();
  try {
    GetParam()(context, reader.chunks());
    FAIL() << "read";
  } catch (const program::FetchFailed& failed) {
    FAIL() << failed.what();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("set aside on disk"), std::string::npos);
  }
}

TEST_P(DiskDamage, WithoutChecksumsNothingIsFound) {
  DiskReader reader(exchange::Checksums::off);
  EXPECT_EQ(reader.chunks().at(0).checksum, 0U);
  reader.damage();
  auto context = reader.context();
  EXPECT_EQ(GetParam()(context, reader.chunks()), DiskReader::records);
}

INSTANTIATE_TEST_SUITE_P(Reading, DiskDamage, testing::Values(&read_all, &sort_all));

}  // namespace
}  // namespace volley::detail
