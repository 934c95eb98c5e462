#include "bench/contents.hpp"

#include "bench/buffer.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace volley::bench {
namespace {

using Bytes = std::vector<std::byte>;

Bytes made(std::size_t size, const ContentKey& key) {
  Bytes bytes(size);
  fill(bytes, key);
  return bytes;
}

TEST(Contents, AreFoundToBeWhatTheyAre) {
  for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 1000U}) {
    EXPECT_EQ(first_difference(made(size, {1, 2, 3, 4}), {1, 2, 3, 4}), std::nullopt) << size;
  }
}

TEST(Contents, EveryByteIsChecked) {
  const ContentKey key{1, 2, 3, 4};
  for (std::size_t place = 0; place < 21; ++place) {
    Bytes bytes = made(21, key);
    bytes[place] ^= std::byte{1};
    EXPECT_EQ(first_difference(bytes, key), place);
  }
}

TEST(Contents, DependOnEveryPartOfTheKeyAndOnThePlace) {
  const Bytes bytes = made(64, {1, 2, 3, 4});
  for (const ContentKey& other : {ContentKey{2, 2, 3, 4}, ContentKey{1, 3, 2, 4},
                                  ContentKey{1, 2, 4, 4}, ContentKey{1, 2, 3, 5}}) {
    EXPECT_NE(first_difference(bytes, other), std::nullopt);
  }
  const Bytes moved(bytes.begin() + 8, bytes.end());
  EXPECT_NE(first_difference(moved, {1, 2, 3, 4}), std::nullopt);
}

TEST(AvailableMemory, IsTheTightestOfMachineAndGroup) {
  const char* meminfo = "MemTotal:  100 kB\nMemAvailable:      64 kB\n";
  EXPECT_EQ(available_memory(meminfo, "", ""), 65536U);
  EXPECT_EQ(available_memory(meminfo, "max\n", "123\n"), 65536U);
  EXPECT_EQ(available_memory(meminfo, "10000\n", "4000\n"), 6000U);
  EXPECT_EQ(available_memory(meminfo, "10000\n", "40000\n"), 0U);
  EXPECT_GT(available_memory(), 0U);
}

}  // namespace
}  // namespace volley::bench
