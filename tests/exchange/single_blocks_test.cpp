// Streams of one block in one message: what comes of them, and that they do not pass others.

#include "exchange/single_blocks.hpp"

#include "exchange/checksum.hpp"
#include "exchange/data_mover.hpp"
#include "simulated_world.hpp"

#include <gtest/gtest.h>

namespace volley::exchange::test {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

struct Ends {
  Fabric fabric;
  SimulatedChannel channel0{0, fabric};
  SimulatedChannel channel1{1, fabric};
  SingleBlocks from{channel0};
  SingleBlocks to{channel1};

  void settle(Random& random) {
    while (from.busy() || to.busy()) {
      fabric.step(random);
      from.land();
      to.land();
    }
  }
};

TEST(SingleBlocks, ADamagedBlockIsFoundAndTheNextStreamKnowsNothingOfIt) {
  Ends ends;
  Random random(1);
  const std::string content(1000, 'x');
  for (const bool damaged : {true, false, true, false}) {
    std::vector<std::byte> memory(content.size());
    ends.fabric.damage_next = damaged;
    const auto sent = ends.from.send(1, 3, bytes_of(content));
    const auto received = ends.to.receive(0, 3, memory, checksum_of(bytes_of(content)));
    EXPECT_TRUE(SingleBlocks::has(sent) && SingleBlocks::has(received));
    EXPECT_EQ(ends.to.complete(received), 0U);
    ends.settle(random);
    EXPECT_EQ(ends.to.complete(received), 1U);
    EXPECT_EQ(ends.from.complete(sent), 1U);
    const DataMover::Arrival& arrival = ends.to.arrival(received);
    EXPECT_EQ(arrival.wire_bytes, content.size());
    ASSERT_EQ(arrival.damaged.size(), damaged ? 1U : 0U);
    if (damaged) {
      EXPECT_EQ(arrival.damaged[0].block, 0U);
      EXPECT_EQ(arrival.damaged[0].checksum, checksum_of(memory));
    }
    ends.from.close(sent);
    ends.to.close(received);
    EXPECT_TRUE(ends.fabric.empty());
  }
}

TEST(SingleBlocks, WithoutAChecksumNothingIsDamaged) {
  Ends ends;
  Random random(2);
  const std::string content(10, 'x');
  std::vector<std::byte> memory(content.size());
  ends.fabric.damage_next = true;
  const auto sent = ends.from.send(1, 0, bytes_of(content));
  const auto received = ends.to.receive(0, 0, memory, 0);
  ends.settle(random);
  EXPECT_TRUE(ends.to.arrival(received).damaged.empty());
  ends.from.close(sent);
  ends.to.close(received);
}

/// What has been started never ends, unless it ends at once; abandoned, its memory stays in use.
class SilentChannel final : public net::DataChannel {
 public:
  bool sends_at_once = false;
  std::size_t abandoned = 0;

  Ticket send(base::Rank, std::uint32_t, std::span<const std::byte>) override { return 1; }
  Ticket receive(base::Rank, std::uint32_t, std::span<std::byte>) override { return 2; }
  void progress() override {}
  bool done(Ticket ticket) override { return ticket == 1 && sends_at_once; }
  bool abandon(Ticket) override {
    ++abandoned;
    return false;
  }
};

TEST(SingleBlocks, OnlyThoseOfTheLostRankAreAbandoned) {
  SilentChannel channel;
  SingleBlocks blocks(channel);
  const std::string content(10, 'x');
  std::vector<std::byte> memory(content.size());
  const auto sent = blocks.send(1, 0, bytes_of(content));
  const auto kept = blocks.receive(2, 0, memory, 0);
  EXPECT_TRUE(blocks.sends_to(1));
  EXPECT_FALSE(blocks.sends_to(2));
  EXPECT_TRUE(blocks.abandon(1)) << "nothing is written to where a block is sent from";
  EXPECT_EQ(blocks.complete(sent), 1U);
  EXPECT_EQ(blocks.complete(kept), 0U);
  EXPECT_EQ(blocks.flying(), 1U);
  EXPECT_FALSE(blocks.abandon(2)) << "its block may still come";
  EXPECT_EQ(blocks.complete(kept), 1U);
  EXPECT_EQ(blocks.arrival(kept).wire_bytes, 0U);
  EXPECT_EQ(channel.abandoned, 2U);
  blocks.close(sent);
  blocks.close(kept);
  EXPECT_FALSE(blocks.busy());
}

TEST(SingleBlocks, WhatIsSentAtOnceNeedsNoProgress) {
  SilentChannel channel;
  channel.sends_at_once = true;
  const auto mover = make_windowed_pairwise(0, 2, channel, {});
  const std::string content(10, 'x');
  for (int i = 0; i < 3; ++i) {
    const auto sent = mover->send(1, 0, std::vector{bytes_of(content)});
    EXPECT_EQ(mover->complete(sent), 1U);
    EXPECT_FALSE(mover->busy());
    mover->close(sent);
  }
}

/// The window is not much exceeded: by one single block.
TEST(SingleBlocks, ManyToOneRankKeepTheWindow) {
  Fabric fabric;
  SimulatedChannel channel0(0, fabric);
  SimulatedChannel channel1(1, fabric);
  MoverOptions options;
  options.window = 2;
  const auto from = make_windowed_pairwise(0, 2, channel0, options);
  const auto to = make_windowed_pairwise(1, 2, channel1, options);
  const std::string content(100, 'x');
  const std::uint64_t checksum = checksum_of(bytes_of(content));
  std::vector<std::vector<std::byte>> memory(12, std::vector<std::byte>(content.size()));
  std::vector<DataMover::Stream> sent, received;
  for (std::uint32_t tag = 0; tag < memory.size(); ++tag) {
    sent.push_back(from->send(1, tag, std::vector{bytes_of(content)}));
    std::vector<std::byte*> places{memory[tag].data()};
    if (tag % 4 == 3) places.clear();  // thrown away
    received.push_back(
        to->receive(0, tag, {std::vector{content.size()}, places, std::vector{checksum}}));
  }
  EXPECT_EQ(fabric.most_flying, 1 + options.window);
  Random random(3);
  while (from->busy() || to->busy()) {
    fabric.step(random);
    from->progress();
    to->progress();
  }
  for (std::uint32_t tag = 0; tag < memory.size(); ++tag) {
    EXPECT_TRUE(to->arrival(received[tag]).damaged.empty());
    EXPECT_EQ(to->arrival(received[tag]).wire_bytes, content.size());
    EXPECT_EQ(checksum_of(memory[tag]) == checksum, tag % 4 != 3);
    from->close(sent[tag]);
    to->close(received[tag]);
  }
  EXPECT_EQ(fabric.most_flying, 1 + options.window);
  EXPECT_TRUE(fabric.empty());
}

}  // namespace
}  // namespace volley::exchange::test
