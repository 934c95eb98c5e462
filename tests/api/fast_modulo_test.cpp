#include <volley/detail/fast_modulo.hpp>
#include <volley/hash.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>

namespace volley::detail {
namespace {

template <class K>
void compare(std::uint32_t divisor, K key) {
  EXPECT_EQ(FastModulo(divisor)(key), hash_partition(key, 0, divisor)) << key << " % " << divisor;
}

TEST(FastModulo, IsThePartitionThatDivisionGives) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto shift = static_cast<unsigned>(random() % 32);
    const auto divisor = static_cast<std::uint32_t>((random() >> 32U) >> shift | 1U);
    const std::uint64_t bits = random() >> (random() % 64);
    compare(divisor, bits);
    compare(divisor, static_cast<std::int64_t>(bits));
    compare(divisor, -static_cast<std::int64_t>(bits >> 1U));
    compare(divisor, static_cast<std::int32_t>(bits));
    compare(divisor, static_cast<std::uint32_t>(bits));
  }
}

TEST(FastModulo, TakesTheEndsOfItsTypes) {
  for (const std::uint32_t divisor : {1U, 2U, 3U, 7U, 64U, 0x7fffffffU}) {
    compare(divisor, std::numeric_limits<std::int64_t>::min());
    compare(divisor, std::numeric_limits<std::int64_t>::max());
    compare(divisor, std::numeric_limits<std::uint64_t>::max());
    compare(divisor, std::numeric_limits<std::uint32_t>::max());
    compare(divisor, std::int32_t{-1});
    compare(divisor, std::uint8_t{255});
    compare(divisor, true);
  }
}

}  // namespace
}  // namespace volley::detail
