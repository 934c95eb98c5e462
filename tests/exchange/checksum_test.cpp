#include "exchange/checksum.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <random>
#include <vector>

namespace volley::exchange {
namespace {

std::vector<std::byte> random_bytes(std::size_t size, std::mt19937_64& random) {
  std::vector<std::byte> bytes(size);
  for (std::byte& each : bytes) each = static_cast<std::byte>(random());
  return bytes;
}

TEST(Checksum, IsXxh3WhateverTheProcessorMakesItWith) {
  std::mt19937_64 random(1);
  for (const std::size_t size : {0, 1, 16, 128, 129, 240, 241, 1023, 1024, 4096, 70'000}) {
    const auto bytes = random_bytes(size, random);
    EXPECT_EQ(checksum_of(bytes), XXH3_64bits(bytes.data(), bytes.size())) << size;
  }
}

TEST(Checksum, OfPiecesIsThatOfTheWhole) {
  RunningChecksum running;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto bytes = random_bytes(random() % 20'000, random);
    running.restart();
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = std::min<std::size_t>(bytes.size() - at, 1 + random() % 3000);
      running.add({bytes.data() + at, size});
      at += size;
    }
    EXPECT_EQ(running.value(), checksum_of(bytes));
  }
}

}  // namespace
}  // namespace volley::exchange
