// Compression of single blocks.

#include "exchange/block_codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace volley::exchange {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t size) {
  std::mt19937_64 random(size);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

class BlockCodecTest : public testing::TestWithParam<protocol::Codec> {};

TEST_P(BlockCodecTest, BlocksComeBackAsTheyWere) {
  const auto codec = BlockCodec::make(GetParam());
  for (const std::size_t size : {1U, 100U, 65536U, 1000003U}) {
    for (const Bytes& in : {Bytes(size, std::byte{7}), random_bytes(size)}) {
      Bytes small(size + size / 8 + 100);
      const std::size_t used = codec->compress(in, small);
      ASSERT_NE(used, 0U);
      Bytes out(size);
      EXPECT_TRUE(codec->decompress(std::span(small).first(used), out));
      EXPECT_EQ(out, in);
    }
  }
}

TEST_P(BlockCodecTest, WhatDoesNotGetSmallerDoesNotFit) {
  const auto codec = BlockCodec::make(GetParam());
  const Bytes in = random_bytes(100000);
  Bytes out(in.size() - in.size() / 8);
  EXPECT_EQ(codec->compress(in, out), 0U);
  EXPECT_NE(codec->compress(Bytes(100000), out), 0U) << "it works on after that";
}

TEST_P(BlockCodecTest, DamageIsNotTakenForTheBlock) {
  const auto codec = BlockCodec::make(GetParam());
  const Bytes in(100000, std::byte{7});
  Bytes small(in.size());
  const std::size_t used = codec->compress(in, small);
  Bytes out(in.size());
  EXPECT_FALSE(codec->decompress(std::span(small).first(used - 1), out));
  EXPECT_FALSE(codec->decompress(std::span(small).first(used), std::span(out).first(99999)));
  EXPECT_FALSE(codec->decompress(random_bytes(1000), out));
}

INSTANTIATE_TEST_SUITE_P(Codecs, BlockCodecTest,
                         testing::Values(protocol::Codec::lz4, protocol::Codec::zstd));

}  // namespace
}  // namespace volley::exchange
