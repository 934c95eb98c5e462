#include "bench/files.hpp"

#include <gtest/gtest.h>

namespace volley::bench {
namespace {

TEST(BenchFiles, RanksThatShareAFileSystemNeedRoomForAllOfThem) {
  const std::vector<FileSystem> shared = {{7, 100}, {7, 100}, {7, 100}};
  EXPECT_EQ(find_shortage(shared, 33).sharers, 0U);
  EXPECT_EQ(find_shortage(shared, 34).sharers, 3U);
  EXPECT_EQ(find_shortage(shared, 34).rank, 0U);
}

TEST(BenchFiles, AFileSystemPerNodeNeedsRoomForItsOwnRanks) {
  const std::vector<FileSystem> local = {{1, 100}, {2, 40}, {1, 100}, {2, 40}};
  EXPECT_EQ(find_shortage(local, 20).sharers, 0U);
  EXPECT_EQ(find_shortage(local, 21).sharers, 2U);
  EXPECT_EQ(find_shortage(local, 21).rank, 1U);
  EXPECT_EQ(find_shortage(local, 51).rank, 0U);
}

}  // namespace
}  // namespace volley::bench
