// A task that is asked to stop while it reads a shuffle does so before the end.

#include "exchange/chunk_writer.hpp"
#include "tests/api/lone_task.hpp"

#include <volley/detail/chunk_records.hpp>
#include <volley/detail/sort_source.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace volley::detail {
namespace {

constexpr std::uint64_t records = 20'000;

/// A task that reads the only partition of a shuffle; its records lie in one chunk.
template <class Record>
class Reading final : public LoneTask {
 public:
  Reading() : LoneTask({16U << 20U, 4U << 20U}) {
    exchange::ChunkWriter writer(arena_, mine, 1);
    protocol::Bytes scratch;
    for (std::uint64_t i = 0; i < records; ++i) {
      Record record{};
      record.first = i;
      write_record<Record>(writer, 0, record, scratch);
    }
    chunks_ = writer.finish().chunks;
  }
  ~Reading() override { arena_.release_all(mine); }

  /// Reads, asks for a stop after so many records, and returns how many were read.
  template <class Read>
  std::uint64_t stopped_after(std::uint64_t after, Read&& read) {
    program::TaskContext task = context();
    std::uint64_t seen = 0;
    const auto visit = [&](const auto&) {
      if (++seen == after) stop_ = true;
    };
    EXPECT_THROW(read(task, chunks_, visit), program::TaskStopped);
    return seen;
  }
};

template <class Record>
class ReaderStop : public ::testing::Test {};
using Records = ::testing::Types<std::pair<std::uint64_t, std::uint64_t>,
                                 std::pair<std::uint64_t, std::string>>;
TYPED_TEST_SUITE(ReaderStop, Records);

TYPED_TEST(ReaderStop, CANC_012_APlainReaderStopsWithinItsChunk) {
  Reading<TypeParam> reading;
  const std::uint64_t seen =
      reading.stopped_after(10, [](program::TaskContext& context, const auto& chunks, auto& visit) {
        for_each_record<TypeParam>(context, chunks, visit);
      });
  EXPECT_EQ(seen, records_between_checks);
}

TYPED_TEST(ReaderStop, CANC_012_ASortingReaderStopsWithinItsPartition) {
  Reading<TypeParam> reading;
  const std::uint64_t seen =
      reading.stopped_after(10, [](program::TaskContext& context, const auto& chunks, auto& visit) {
        PartitionSorter<TypeParam, std::less<std::uint64_t>>(context).run(chunks, visit);
      });
  EXPECT_LT(seen, records);
}

TYPED_TEST(ReaderStop, CANC_012_OneThatIsAskedBeforeItBeginsReadsNothing) {
  Reading<TypeParam> reading;
  const auto read = [](program::TaskContext& context, const auto& chunks, auto& visit) {
    for_each_record<TypeParam>(context, chunks, visit);
  };
  reading.stopped_after(1, read);
  EXPECT_EQ(reading.stopped_after(1, read), 0U);
}

}  // namespace
}  // namespace volley::detail
