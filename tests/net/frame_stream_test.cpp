#include "net/frame_stream.hpp"

#include "net/send_queue.hpp"
#include "transport.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace volley::net {
namespace {

Bytes stream_of(const std::vector<Bytes>& frames) {
  Bytes stream;
  for (const Bytes& frame : frames) {
    const auto header = frame_header(frame.size());
    stream.insert(stream.end(), header.begin(), header.end());
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  return stream;
}

TEST(FrameReader, JoinsFramesHoweverTheStreamIsCut) {
  const std::vector<Bytes> frames = {
      tests::pattern(1, 5), {}, tests::pattern(2, 30), {}, tests::pattern(3, 1)};
  const Bytes stream = stream_of(frames);
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameReader reader;
    std::vector<Bytes> got;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      auto rest = std::span(stream).subspan(at, std::min(piece, stream.size() - at));
      while (!rest.empty()) {
        rest = rest.subspan(reader.feed(rest));
        if (reader.complete()) got.push_back(reader.take());
      }
    }
    EXPECT_EQ(got, frames) << "in pieces of " << piece;
    EXPECT_FALSE(reader.in_frame());
  }
}

TEST(FrameReader, WaitsForTakeBeforeTheNextFrame) {
  const Bytes stream = stream_of({tests::pattern(1, 2), tests::pattern(2, 2)});
  FrameReader reader;
  EXPECT_EQ(reader.feed(stream), 10U);
  EXPECT_EQ(reader.feed(std::span(stream).subspan(10)), 0U);
  EXPECT_EQ(reader.take(), tests::pattern(1, 2));
  EXPECT_EQ(reader.feed(std::span(stream).subspan(10)), 10U);
  EXPECT_EQ(reader.take(), tests::pattern(2, 2));
}

TEST(FrameReader, AnImpossibleSizeIsDamage) {
  FrameReader reader;
  reader.feed(frame_header(max_frame_bytes + 1));
  EXPECT_TRUE(reader.damaged());
  EXPECT_FALSE(reader.complete());
  EXPECT_EQ(reader.feed(tests::pattern(1, 10)), 0U);
}

TEST(FrameReader, ALargePromiseAllocatesLittle) {
  FrameReader reader;
  reader.feed(frame_header(max_frame_bytes));
  EXPECT_FALSE(reader.damaged());
  EXPECT_EQ(reader.feed(tests::pattern(1, 100)), 100U);
  EXPECT_TRUE(reader.in_frame());
}

TEST(SendQueue, GathersSmallFramesIntoOnePacket) {
  SendQueue queue;
  const std::vector<Bytes> frames = {tests::pattern(1, 4), {}, tests::pattern(2, 8)};
  for (const Bytes& frame : frames) queue.push(frame);
  const Packet packet = queue.next(1024, 1024);
  EXPECT_TRUE(queue.empty());
  const auto bytes = packet.bytes();
  EXPECT_EQ(Bytes(bytes.begin(), bytes.end()), stream_of(frames));
}

TEST(SendQueue, SendsALargeFrameFromItsOwnMemoryInSegments) {
  SendQueue queue;
  Bytes frame = tests::pattern(1, 250);
  const std::byte* memory = frame.data();
  queue.push(std::move(frame));
  EXPECT_EQ(queue.next(100, 50).bytes().size(), frame_header_bytes);
  std::vector<Packet> segments;
  while (!queue.empty()) segments.push_back(queue.next(100, 50));
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(segments[0].bytes().data(), memory);
  EXPECT_EQ(segments[1].bytes().data(), memory + 100);
  EXPECT_EQ(segments[2].bytes().size(), 50U);
}

}  // namespace
}  // namespace volley::net
