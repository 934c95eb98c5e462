#include "worker/memory_limit.hpp"

#include <gtest/gtest.h>

namespace volley::worker {
namespace {

TEST(MemoryLimit, MPI_005_TooMuchAtTwoLooksIsTooMuch) {
  MemoryLimit memory(100);
  EXPECT_FALSE(memory.exceeded_by({{1, 90}}));
  EXPECT_FALSE(memory.exceeded_by({{1, 100}}));
  EXPECT_TRUE(memory.exceeded_by({{1, 101}}));
  EXPECT_EQ(memory.used(), 101U);
}

TEST(MemoryLimit, NewProcessesGetAwayWithOneLook) {
  MemoryLimit memory(100);
  EXPECT_FALSE(memory.exceeded_by({{1, 150}}));
  EXPECT_TRUE(memory.exceeded_by({{1, 150}}));
  MemoryLimit other(100);
  EXPECT_FALSE(other.exceeded_by({{1, 80}}));
  EXPECT_FALSE(other.exceeded_by({{1, 80}, {2, 80}})) << "a fork counts twice for a moment";
  EXPECT_FALSE(other.exceeded_by({{1, 80}, {3, 80}})) << "and so does the next one";
  EXPECT_TRUE(other.exceeded_by({{1, 80}, {3, 80}}));
  EXPECT_EQ(other.peak(), 160U);
}

TEST(MemoryLimit, TwiceTheLimitIsTooMuchAtOnce) {
  MemoryLimit memory(100);
  EXPECT_FALSE(memory.exceeded_by({{1, 200}}));
  MemoryLimit other(100);
  EXPECT_TRUE(other.exceeded_by({{1, 120}, {2, 81}}));
}

TEST(MemoryLimit, NoLimit) {
  MemoryLimit memory;
  EXPECT_FALSE(memory.exceeded_by({{1, UINT64_MAX / 4}}));
  EXPECT_FALSE(memory.exceeded_by({{1, UINT64_MAX / 4}}));
  EXPECT_FALSE(memory.exceeded_by({}));
}

}  // namespace
}  // namespace volley::worker
