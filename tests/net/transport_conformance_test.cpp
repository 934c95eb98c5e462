#include "transport.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace volley::tests {
namespace {

template <class Transport>
class TransportConformance : public testing::Test {
 protected:
  /// Receives at `end` until a frame comes; a bound on the steps turns a hang into a failure.
  Bytes next(std::size_t end) {
    for (std::size_t step = 0; step < 1'000'000; ++step) {
      if (auto frame = transport_.receive(end)) return *std::move(frame);
      transport_.progress();
    }
    ADD_FAILURE() << "no frame arrived";
    return {};
  }
  Transport transport_;
};

using Transports =
    testing::Types<LinkTransport<4096>, LinkTransport<1U << 20U>, LoopTransport,
                   PacketTransport<16, 16>, PacketTransport<64, 32>, PacketTransport<1000, 4096>>;
TYPED_TEST_SUITE(TransportConformance, Transports);

TYPED_TEST(TransportConformance, NothingIsReceivedBeforeSomethingIsSent) {
  this->transport_.progress();
  EXPECT_FALSE(this->transport_.receive(0));
  EXPECT_FALSE(this->transport_.receive(1));
  EXPECT_TRUE(this->transport_.quiet());
}

TYPED_TEST(TransportConformance, EverySizeArrivesWholeAndInOrder) {
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size < 300; ++size) sizes.push_back(size);
  for (const std::size_t size : {4087U, 4088U, 4089U, 4096U, 8192U, 100'000U, 0U}) {
    sizes.push_back(size);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) this->transport_.send(0, pattern(i, sizes[i]));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    ASSERT_EQ(this->next(1), pattern(i, sizes[i])) << "frame " << i << " of " << sizes[i];
  }
  EXPECT_FALSE(this->transport_.receive(1));
  EXPECT_FALSE(this->transport_.receive(0));
  EXPECT_TRUE(this->transport_.quiet());
}

TYPED_TEST(TransportConformance, BothWaysAtOnceDoNotMix) {
  for (std::size_t i = 0; i < 50; ++i) {
    this->transport_.send(0, pattern(i, i * 211));
    this->transport_.send(1, pattern(1000 + i, i * 307));
  }
  for (std::size_t i = 0; i < 50; ++i) {
    ASSERT_EQ(this->next(1), pattern(i, i * 211));
    ASSERT_EQ(this->next(0), pattern(1000 + i, i * 307));
  }
  EXPECT_TRUE(this->transport_.quiet());
}

TYPED_TEST(TransportConformance, PingPongReusesTheSameRoom) {
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::size_t end = i % 2;
    this->transport_.send(end, pattern(i, i % 50));
    ASSERT_EQ(this->next(1 - end), pattern(i, i % 50));
  }
  EXPECT_TRUE(this->transport_.quiet());
}

TYPED_TEST(TransportConformance, ALargeFrameHoldsUpNothingBehindItForever) {
  this->transport_.send(0, pattern(1, 2'000'000));
  this->transport_.send(0, pattern(2, 3));
  EXPECT_EQ(this->next(1), pattern(1, 2'000'000));
  EXPECT_EQ(this->next(1), pattern(2, 3));
  EXPECT_TRUE(this->transport_.quiet());
}

}  // namespace
}  // namespace volley::tests
