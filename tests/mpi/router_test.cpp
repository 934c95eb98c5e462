// RankRouter and MpiDataChannel between real ranks: order, frames beyond the segment, all-to-all,
// abandoned ranks, blocks both ways. Each part ends with everything idle.

#include "check.hpp"
#include "net/mpi_data_channel.hpp"
#include "net/mpi_world.hpp"
#include "net/poller.hpp"
#include "net/rank_router.hpp"

#include <cstdio>
#include <functional>
#include <map>

namespace {

using volley::base::Rank;
using volley::net::Bytes;
using volley::net::MpiDataChannel;
using volley::net::MpiScope;
using volley::net::MpiWorld;
using volley::net::Poller;
using volley::net::RankRouter;
using volley::tests::need;
using volley::tests::pattern;

/// The frame number `index` from one rank to another; both sides can make it.
Bytes frame(Rank from, Rank to, std::uint64_t index, std::size_t size) {
  return pattern(index * 1000003U + static_cast<std::uint64_t>(from * 1000 + to), size);
}

/// Polls until `done` and nothing of this rank is in flight.
void run(RankRouter& router, const RankRouter::Handler& handler,
         const std::function<bool()>& done) {
  Poller poller;
  bool active = true;
  while (!done() || !router.idle()) {
    active = router.poll(handler);
    poller.wait(active);
  }
}

/// Every rank sends `sizes.size()` frames to every rank, itself included; all must arrive in order.
void all_to_all(const MpiWorld& world, const RankRouter::Options& options,
                const std::vector<std::size_t>& sizes) {
  RankRouter router = need(RankRouter::open(world, options));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    for (Rank to = 0; to < world.size(); ++to) {
      router.send(to, frame(world.rank(), to, i, sizes[i]));
    }
  }
  std::map<Rank, std::size_t> next;
  std::size_t arrived = 0;
  const auto handler = [&](Rank from, Bytes bytes) {
    const std::size_t index = next[from]++;
    VOLLEY_CHECK(index < sizes.size(), "from={} index={}", from, index);
    VOLLEY_CHECK(bytes == frame(from, world.rank(), index, sizes[index]),
                 "from={} index={} size={}", from, index, bytes.size());
    ++arrived;
  };
  const std::size_t expected = sizes.size() * static_cast<std::size_t>(world.size());
  run(router, handler, [&] { return arrived == expected; });
  need(world.allgather(0, MpiScope::world));
  VOLLEY_CHECK(!router.poll(handler), "something is left");
  router.close();
}

void test_order_and_splitting(const MpiWorld& world) {
  std::vector<std::size_t> around_the_segment;
  for (std::size_t size = 0; size < 200; ++size) around_the_segment.push_back(size);
  all_to_all(world, {.segment_bytes = 64, .gather_bytes = 32}, around_the_segment);
  all_to_all(world, {.segment_bytes = 16, .gather_bytes = 16}, around_the_segment);
}

void test_large_frames(const MpiWorld& world) {
  all_to_all(world, {.segment_bytes = 64U << 10U, .gather_bytes = 4096},
             {10, 3'000'001, 0, 64U << 10U, (64U << 10U) + 1, 5, 1'000'000});
  all_to_all(world, {}, {5'000'000, 1});
}

void test_storm(const MpiWorld& world) {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < 5000; ++i) sizes.push_back((i * 7919) % 700);
  all_to_all(world, {.segment_bytes = 4096, .gather_bytes = 512}, sizes);
}

/// A token goes round the ring: the handler itself sends.
void test_handler_sends(const MpiWorld& world) {
  RankRouter router = need(RankRouter::open(world, {}));
  const std::size_t rounds = 200;
  const Rank right = (world.rank() + 1) % world.size();
  std::size_t seen = 0;
  if (world.rank() == 0) router.send(right, Bytes(1));
  const auto handler = [&](Rank, Bytes bytes) {
    VOLLEY_CHECK(bytes.size() == 1 + seen, "size={} seen={}", bytes.size(), seen);
    ++seen;
    if (world.rank() == 0) bytes.emplace_back();
    if (world.rank() != 0 || seen < rounds) router.send(right, std::move(bytes));
  };
  run(router, handler, [&] { return seen == rounds; });
  need(world.allgather(0, MpiScope::world));
  router.close();
}

/// Rank 0 abandons the last rank in the middle of a large frame. The last rank does not know, and
/// leaves without receiving, as if it had died.
void test_abandon(const MpiWorld& world) {
  RankRouter router = need(RankRouter::open(world, {}));
  const Rank last = world.size() - 1;
  std::size_t received = 0;
  const auto handler = [&](Rank from, const Bytes&) {
    VOLLEY_CHECK(from != last, "a frame from an abandoned rank");
    ++received;
  };
  if (world.rank() == 0) {
    router.send(last, Bytes(10'000'000));
    router.poll(handler);
    VOLLEY_CHECK(!router.idle(), "a message that nobody has received is in flight");
    router.abandon(last);
    VOLLEY_CHECK(router.abandoned(last) && router.idle(), "still holds something");
    router.send(last, Bytes(10));
    VOLLEY_CHECK(router.dropped() == 1 && router.idle(), "dropped={}", router.dropped());
    VOLLEY_CHECK(router.take_lost().empty(), "MPI lost nobody");
  }
  need(world.allgather(0, MpiScope::world));
  if (world.rank() == last) {
    router.send(0, Bytes(10));
    router.poll([](Rank, const Bytes&) {});
  }
  need(world.allgather(0, MpiScope::world));
  if (world.rank() == 1) router.send(0, Bytes(1'000));
  if (world.rank() != last) run(router, handler, [&] { return received == (world.rank() == 0); });
  need(world.allgather(0, MpiScope::world));
}

void test_data_channel(const MpiWorld& world) {
  MpiDataChannel channel = need(MpiDataChannel::open(world));
  const Rank right = (world.rank() + 1) % world.size();
  const Rank left = (world.rank() + world.size() - 1) % world.size();
  const std::vector<std::uint32_t> tags = {0, 7, 0xffffffffU, 7};
  std::vector<Bytes> out;
  std::vector<Bytes> in;
  std::vector<volley::net::DataChannel::Ticket> tickets;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::size_t size = i * 700'000;
    in.emplace_back(size);
    out.push_back(frame(world.rank(), right, i, size));
  }
  for (std::size_t i = 0; i < tags.size(); ++i) {
    tickets.push_back(channel.receive(left, tags[i], in[i]));
    tickets.push_back(channel.send(right, tags[i], out[i]));
  }
  VOLLEY_CHECK(channel.in_flight() == tickets.size(), "in flight={}", channel.in_flight());
  Poller poller;
  while (!tickets.empty()) {
    channel.progress();
    poller.wait(std::erase_if(tickets, [&](auto ticket) { return channel.done(ticket); }) != 0);
  }
  for (std::size_t i = 0; i < tags.size(); ++i) {
    VOLLEY_CHECK(in[i] == frame(left, world.rank(), i, in[i].size()), "block {}", i);
  }
  VOLLEY_CHECK(channel.in_flight() == 0, "in flight={}", channel.in_flight());
  Bytes never(100);
  VOLLEY_CHECK(channel.abandon(channel.receive(left, 9, never)), "a receive that met nothing");
  VOLLEY_CHECK(channel.in_flight() == 0, "in flight={}", channel.in_flight());
}

/// Short sends may be complete at once: what they were sent from is written to again. More of them
/// than an MPI library or the channel keeps copies of, with tags that wrap.
void test_short_sends(const MpiWorld& world) {
  MpiDataChannel channel = need(MpiDataChannel::open(world));
  const Rank right = (world.rank() + 1) % world.size();
  const Rank left = (world.rank() + world.size() - 1) % world.size();
  constexpr std::size_t count = 60;
  std::vector<Bytes> in(count), out(count);
  std::vector<volley::net::DataChannel::Ticket> receives;
  std::vector<std::pair<std::size_t, volley::net::DataChannel::Ticket>> sends;
  const auto tag_of = [](std::size_t i) { return static_cast<std::uint32_t>(0x7ffffff0U + i); };
  const auto size_of = [](std::size_t i) { return std::size_t{1} + i * 37; };  // up to 2184
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = frame(world.rank(), right, i, size_of(i));
    sends.emplace_back(i, channel.send(right, tag_of(i), out[i]));
  }
  Poller poller;
  const auto reap_sends = [&] {
    return std::erase_if(sends, [&](const auto& send) {
      if (!channel.done(send.second)) return false;
      std::fill(out[send.first].begin(), out[send.first].end(), std::byte{0xee});
      return true;
    });
  };
  reap_sends();
  for (std::size_t i = count; i-- > 0;) {
    in[i].resize(size_of(i));
    receives.push_back(channel.receive(left, tag_of(i), in[i]));
  }
  while (!receives.empty() || !sends.empty()) {
    channel.progress();
    const bool received =
        std::erase_if(receives, [&](auto ticket) { return channel.done(ticket); }) != 0;
    poller.wait(reap_sends() != 0 || received);
  }
  for (std::size_t i = 0; i < count; ++i) {
    VOLLEY_CHECK(in[i] == frame(left, world.rank(), i, size_of(i)), "block {}", i);
  }
  channel.close();
}

/// A rank that waits for its descriptor alone, for ever, is woken when another one sends to it.
void test_wake(const MpiWorld& world) {
  RankRouter router = need(RankRouter::open(world, {}));
  VOLLEY_CHECK(router.wake_descriptor() >= 0, "rank={}", world.rank());
  bool arrived = false;
  const auto handler = [&](Rank, Bytes bytes) { arrived = bytes.size() == 3; };
  const Rank next = (world.rank() + 1) % world.size();
  if (world.rank() == 0) router.send(next, Bytes(3));
  if (world.rank() != 0) {
    Poller poller(volley::net::IdleBackoff::until_woken());
    poller.add(router.wake_descriptor());
    while (!router.woken()) poller.wait(false);
    run(router, handler, [&] { return arrived; });
    router.send(next, Bytes(3));
  }
  run(router, handler, [&] { return arrived; });
  router.close();
}

}  // namespace

int main() {
  MpiWorld world = need(MpiWorld::start());
  test_order_and_splitting(world);
  test_large_frames(world);
  test_storm(world);
  test_handler_sends(world);
  test_wake(world);
  test_data_channel(world);
  test_short_sends(world);
  // Needs a rank that abandons, one that stays and one that is given up.
  if (world.size() >= 3) test_abandon(world);
  if (world.rank() == 0) std::puts("router_test passed");
  VOLLEY_CHECK(world.finalize(), "rank={}", world.rank());
  return 0;
}
