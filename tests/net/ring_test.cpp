#include "net/ring.hpp"

#include "transport.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <thread>

namespace volley::net {
namespace {

template <std::size_t Capacity>
struct Memory {
  RingCounters counters;
  std::array<std::byte, Capacity> data{};
};

Bytes read_all(RingReader& reader) {
  Bytes bytes;
  for (auto part = reader.front(); !part.empty(); part = reader.front()) {
    bytes.insert(bytes.end(), part.begin(), part.end());
    reader.consume(part.size());
  }
  return bytes;
}

TEST(Ring, WritesWhatFitsAndNoMore) {
  Memory<16> memory;
  RingWriter writer(memory.counters, memory.data);
  RingReader reader(memory.counters, memory.data);
  EXPECT_EQ(writer.room(), 16U);
  EXPECT_TRUE(reader.front().empty());
  const Bytes bytes = tests::pattern(1, 20);
  EXPECT_EQ(writer.write(bytes), 16U);
  EXPECT_EQ(writer.write(bytes), 0U);
  EXPECT_EQ(reader.available(), 16U);
  EXPECT_EQ(read_all(reader), Bytes(bytes.begin(), bytes.begin() + 16));
  EXPECT_EQ(writer.room(), 16U);
}

TEST(Ring, WrapsAroundAtEveryOffset) {
  Memory<16> memory;
  RingWriter writer(memory.counters, memory.data);
  RingReader reader(memory.counters, memory.data);
  for (std::size_t i = 0; i < 200; ++i) {
    const Bytes bytes = tests::pattern(i, 1 + i % 16);
    ASSERT_EQ(writer.write(bytes), bytes.size());
    ASSERT_EQ(read_all(reader), bytes) << i;
  }
}

TEST(Ring, CarriesOnFromSharedCountersWhenOpenedLater) {
  Memory<16> memory;
  RingWriter(memory.counters, memory.data).write(tests::pattern(1, 10));
  RingReader reader(memory.counters, memory.data);
  reader.consume(4);
  RingReader(reader).consume(6);
  EXPECT_EQ(RingReader(memory.counters, memory.data).available(), 0U);
  EXPECT_EQ(RingWriter(memory.counters, memory.data).room(), 16U);
}

TEST(Ring, ImpossibleCountersBreakItInsteadOfReadingOutside) {
  Memory<16> memory;
  RingWriter writer(memory.counters, memory.data);
  RingReader reader(memory.counters, memory.data);
  memory.counters.written.store(17);
  EXPECT_TRUE(reader.front().empty());
  EXPECT_TRUE(reader.broken());
  memory.counters.consumed.store(5);
  EXPECT_EQ(writer.write(tests::pattern(1, 3)), 0U);
  EXPECT_TRUE(writer.broken());
}

TEST(Ring, OneThreadWritesAnotherReads) {
  Memory<64> memory;
  const Bytes sent = tests::pattern(7, 300'000);
  std::jthread producer([&] {
    RingWriter writer(memory.counters, memory.data);
    std::span<const std::byte> rest = sent;
    while (!rest.empty()) {
      const std::size_t written = writer.write(rest.first(std::min<std::size_t>(rest.size(), 23)));
      if (written == 0) std::this_thread::yield();
      rest = rest.subspan(written);
    }
  });
  RingReader reader(memory.counters, memory.data);
  Bytes received;
  while (received.size() < sent.size()) {
    const Bytes part = read_all(reader);
    if (part.empty()) std::this_thread::yield();
    received.insert(received.end(), part.begin(), part.end());
  }
  EXPECT_EQ(received, sent);
}

}  // namespace
}  // namespace volley::net
