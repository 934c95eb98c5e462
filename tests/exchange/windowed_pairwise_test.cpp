// The mover alone, two ranks of it: blocks of all sizes in small segments, damaged on the way or
// not, again and again with the same mover.

#include "exchange/checksum.hpp"
#include "exchange/data_mover.hpp"
#include "simulated_world.hpp"

#include <gtest/gtest.h>

namespace volley::exchange::test {
namespace {

constexpr std::uint64_t segment_bytes = 1024;

/// Blocks to be sent, and where they shall land: as the segment plan wants them.
struct Blocks {
  std::vector<std::string> contents;
  std::vector<std::span<const std::byte>> sources;
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint64_t> checksums;
  std::vector<std::byte> memory;
  std::vector<std::byte*> destinations;

  explicit Blocks(Random& random) {
    const std::size_t count = 1 + random() % 12;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t size = random() % 3 == 0 ? random() % 5000 : random() % 120;
      contents.emplace_back(size, static_cast<char>('a' + random() % 26));
    }
    std::uint64_t end = 0;
    for (const std::string& content : contents) {
      sources.push_back(std::as_bytes(std::span(content)));
      sizes.push_back(content.size());
      checksums.push_back(checksum_of(sources.back()));
      end += aligned(content.size());
    }
    memory.resize(end);
    end = 0;
    for (const std::uint64_t size : sizes) {
      destinations.push_back(memory.data() + end);
      end += aligned(size);
    }
  }
  bool arrived(std::size_t block) const {
    return std::memcmp(destinations[block], contents[block].data(), sizes[block]) == 0;
  }
};

struct Pair {
  Fabric fabric;
  SimulatedChannel channel0{0, fabric};
  SimulatedChannel channel1{1, fabric};
  std::unique_ptr<DataMover> from;
  std::unique_ptr<DataMover> to;

  explicit Pair(std::uint64_t segment = segment_bytes, std::uint64_t eager = 0) {
    MoverOptions options;
    options.segment_bytes = segment;
    options.eager_bytes = eager;
    options.window = 3;
    from = make_windowed_pairwise(0, 2, channel0, options);
    to = make_windowed_pairwise(1, 2, channel1, options);
  }
  void settle(Random& random) {
    while (from->busy() || to->busy()) {
      fabric.step(random);
      from->progress();
      to->progress();
    }
  }
};

TEST(WindowedPairwise, EveryBlockArrivesOrIsNamedAsDamaged) {
  Pair pair;
  std::size_t damages = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Blocks blocks(random);
    pair.fabric.damage_next = random() % 2 == 0;
    const auto sent = pair.from->send(1, 5, blocks.sources);
    const auto received =
        pair.to->receive(0, 5, {blocks.sizes, blocks.destinations, blocks.checksums});
    pair.settle(random);
    const DataMover::Arrival& arrival = pair.to->arrival(received);
    std::set<std::size_t> damaged;
    for (const DataMover::Damage& each : arrival.damaged) {
      EXPECT_TRUE(damaged.insert(each.block).second);
      EXPECT_NE(each.checksum, blocks.checksums[each.block]);
    }
    for (std::size_t i = 0; i < blocks.sizes.size(); ++i) {
      EXPECT_EQ(blocks.arrived(i), !damaged.contains(i)) << i;
    }
    damages += damaged.size();
    pair.from->close(sent);
    pair.to->close(received);
    pair.fabric.damage_next = false;
    EXPECT_TRUE(pair.fabric.empty());
  }
  EXPECT_GT(damages, 100U);
}

TEST(WindowedPairwise, ASendIsUnderWayBeforeAnyProgress) {
  Pair pair;
  const std::string content(5 * segment_bytes, 'x');
  const auto sent = pair.from->send(1, 0, std::vector{std::as_bytes(std::span(content))});
  EXPECT_EQ(pair.fabric.most_flying, 3U);  // its window
  std::vector<std::byte> memory(content.size());
  const auto received =
      pair.to->receive(0, 0, {std::vector{memory.size()}, std::vector{memory.data()}, {}});
  Random random(1);
  pair.settle(random);
  EXPECT_EQ(std::memcmp(memory.data(), content.data(), content.size()), 0);
  pair.from->close(sent);
  pair.to->close(received);
}

TEST(WindowedPairwise, StreamsOfOneSegmentAreCheckedAndCountedLikeOthers) {
  Pair pair;
  Random random(11);  // the damaged one is not the one that is thrown away
  const std::string contents[] = {std::string(segment_bytes, 'a'), "b", std::string(100, 'c')};
  std::vector<std::vector<std::byte>> memory;
  std::vector<DataMover::Stream> sent, received;
  for (std::uint32_t tag = 0; tag < 3; ++tag) {
    const auto source = std::as_bytes(std::span(contents[tag]));
    auto& place = memory.emplace_back(source.size());
    sent.push_back(pair.from->send(1, tag, std::vector{source}));
    const std::vector<std::byte*> places = tag == 1 ? std::vector<std::byte*>{}  // thrown away
                                                    : std::vector{place.data()};
    received.push_back(pair.to->receive(
        0, tag, {std::vector{source.size()}, places, std::vector{checksum_of(source)}}));
  }
  EXPECT_TRUE(pair.from->busy() && pair.to->busy());
  pair.fabric.damage_data_message = 0;
  pair.settle(random);
  std::size_t damaged = 0;
  for (std::uint32_t tag = 0; tag < 3; ++tag) {
    const DataMover::Arrival& arrival = pair.to->arrival(received[tag]);
    EXPECT_EQ(arrival.wire_bytes, contents[tag].size());
    const bool arrived =
        std::memcmp(memory[tag].data(), contents[tag].data(), 1) == 0 &&
        checksum_of(memory[tag]) == checksum_of(std::as_bytes(std::span(contents[tag])));
    EXPECT_EQ(arrival.damaged.empty(), arrived || tag == 1) << tag;
    damaged += arrival.damaged.size();
    pair.from->close(sent[tag]);
    pair.to->close(received[tag]);
  }
  EXPECT_EQ(damaged, 1U);
  EXPECT_FALSE(pair.from->busy() || pair.to->busy());
  EXPECT_TRUE(pair.fabric.empty());
}

/// At and around every limit: one segment, two that are posted at a time, the window.
TEST(WindowedPairwise, NoMoreThanTwoSegmentsAreAwaitedAtATime) {
  Pair pair;
  Random random(5);
  for (const std::uint64_t segments : {0, 1, 2, 3, 4, 9}) {
    for (const int more : {-1, 0, 1}) {
      const std::uint64_t size = segments * segment_bytes + static_cast<std::uint64_t>(more);
      if (segments == 0 && more < 0) continue;
      SCOPED_TRACE(size);
      std::string content(size, 'a');
      for (char& each : content) each = static_cast<char>(random());
      std::vector<std::byte> memory(size);
      const auto source = std::as_bytes(std::span(content));
      pair.fabric.most_posted = 0;
      const auto sent = pair.from->send(1, 1, std::vector{source});
      const auto received = pair.to->receive(
          0, 1, {std::vector{size}, std::vector{memory.data()}, std::vector{checksum_of(source)}});
      pair.settle(random);
      EXPECT_TRUE(pair.to->arrival(received).damaged.empty());
      EXPECT_TRUE(std::equal(memory.begin(), memory.end(), source.begin()));
      EXPECT_EQ(pair.fabric.most_posted, std::min(size, 2 * segment_bytes));
      pair.from->close(sent);
      pair.to->close(received);
      EXPECT_TRUE(pair.fabric.empty());
    }
  }
}

/// Blocks of an eager stream land where the plan without eager messages has them.
TEST(WindowedPairwise, EagerMessagesAreCheckedLikeOthers) {
  std::size_t damages = 0;
  std::size_t split = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Pair pair(1U << 16U, 1600);  // a stream of up to 8000 bytes
    Random random(seed);
    Blocks blocks(random);
    const std::uint64_t total = blocks.memory.size();
    split += total > 1600 && total <= 8000 ? 1U : 0U;
    pair.fabric.damage_next = random() % 2 == 0;
    const auto sent = pair.from->send(1, 5, blocks.sources);
    const auto received =
        pair.to->receive(0, 5, {blocks.sizes, blocks.destinations, blocks.checksums});
    pair.settle(random);
    std::set<std::size_t> damaged;
    for (const DataMover::Damage& each : pair.to->arrival(received).damaged) {
      damaged.insert(each.block);
    }
    for (std::size_t i = 0; i < blocks.sizes.size(); ++i) {
      EXPECT_EQ(blocks.arrived(i), !damaged.contains(i)) << i;
    }
    damages += damaged.size();
    pair.from->close(sent);
    pair.to->close(received);
    EXPECT_TRUE(pair.fabric.empty());
  }
  EXPECT_GT(damages, 100U);
  EXPECT_GT(split, 50U);
}

TEST(WindowedPairwise, WithoutChecksumsNothingIsDamaged) {
  Pair pair;
  Random random(3);
  Blocks blocks(random);
  blocks.checksums.assign(blocks.checksums.size(), 0);
  pair.fabric.damage_next = true;
  const auto sent = pair.from->send(1, 0, blocks.sources);
  const auto received =
      pair.to->receive(0, 0, {blocks.sizes, blocks.destinations, blocks.checksums});
  pair.settle(random);
  EXPECT_TRUE(pair.to->arrival(received).damaged.empty());
  EXPECT_EQ(pair.to->complete(received), blocks.sizes.size());
  pair.from->close(sent);
  pair.to->close(received);
}

TEST(WindowedPairwise, ManyStreamsBetweenTwoRanksKeepTheirBlocksApart) {
  Pair pair;
  Random random(7);
  std::vector<std::unique_ptr<Blocks>> all;
  std::vector<DataMover::Stream> sent, received;
  for (std::uint32_t tag = 0; tag < 20; ++tag) {
    all.push_back(std::make_unique<Blocks>(random));
    sent.push_back(pair.from->send(1, tag, all.back()->sources));
  }
  for (std::uint32_t tag = 20; tag-- > 0;) {
    const Blocks& blocks = *all[tag];
    received.push_back(
        pair.to->receive(0, tag, {blocks.sizes, blocks.destinations, blocks.checksums}));
  }
  pair.settle(random);
  for (const auto stream : received) EXPECT_TRUE(pair.to->arrival(stream).damaged.empty());
  for (const auto& blocks : all) {
    for (std::size_t i = 0; i < blocks->sizes.size(); ++i) EXPECT_TRUE(blocks->arrived(i));
  }
  for (const auto stream : sent) pair.from->close(stream);
  for (const auto stream : received) pair.to->close(stream);
  EXPECT_FALSE(pair.from->busy() || pair.to->busy());
  EXPECT_TRUE(pair.fabric.empty());
}

}  // namespace
}  // namespace volley::exchange::test
