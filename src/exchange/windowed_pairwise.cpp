#include "exchange/data_mover.hpp"
#include "exchange/pairwise_mover.hpp"
#include "exchange/segment_plan.hpp"
#include "exchange/single_blocks.hpp"
#include "exchange/staging.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace volley::exchange {
namespace {

struct StreamState : PairwiseStream {
  Buffer scratch;  ///< of one that discards
};

struct Flight : PairwiseFlight {
  net::DataChannel::Ticket ticket = 0;
  Buffer staging;
};

class WindowedPairwise final : public PairwiseMover<StreamState, Flight> {
 public:
  WindowedPairwise(base::Rank self, std::size_t ranks, net::DataChannel& channel,
                   const MoverOptions& options)
      : PairwiseMover(self, ranks, channel, options, std::numeric_limits<std::uint32_t>::max()),
        staging_(options.segment_bytes, options.staging_bytes) {}

  bool progress() override {
    if (!busy()) return false;
    channel_.progress();
    return serve();
  }
  /// The same after the channel's progress.
  bool serve() {
    // Sends first: an MPI library may copy a message that waits already while its receive is
    // posted, and the other side shall have something to copy meanwhile.
    const bool sent = serve_sends([this](Lane& lane) {
      const bool reaped = reap(lane);
      return post_sends(lane) || reaped;
    });
    const bool received = serve_receives([this](Lane& lane) {
      const bool reaped = reap(lane);
      return post_receives(lane) || reaped;
    });
    return received || sent;
  }

 private:
  static void count_bytes(StreamState& state, const Segment& segment) {
    for (std::size_t i = 0; i < segment.count; ++i) {
      state.arrival.wire_bytes += std::min(segment.bytes, state.sizes[segment.block + i]);
    }
  }

  /// Completes segments in the order in which they were posted.
  bool reap(Lane& lane) {
    bool any = false;
    while (!lane.flying.empty() && channel_.done(lane.flying.front().ticket)) {
      Flight& first = lane.flying.front();
      staging_.give_back(std::move(first.staging));
      StreamState& state = state_of(first.stream);
      const Segment& segment = state.plan[first.segment];
      count_bytes(state, segment);
      state.land();
      if (state.complete()) state.scratch.reset();
      lane.flying.pop_front();
      any = true;
    }
    return any;
  }

  /// Whether no more than two segments' bytes are posted with the next receive.
  bool has_room(const Lane& lane) {
    std::uint64_t bytes = 0;
    for (const Flight& flight : lane.flying) {
      bytes += state_of(flight.stream).plan[flight.segment].bytes;
    }
    const StreamState& next = first_waiting(lane);
    return bytes + next.plan[next.posted].bytes <= 2 * options_.segment_bytes;
  }

  bool abandon_flight(Flight& flight, bool) override {
    const bool free = channel_.abandon(flight.ticket);
    staging_.abandon(flight.staging, free);
    // Data may still come: it stays for the rest of the process.
    if (!free) static_cast<void>(state_of(flight.stream).scratch.release());
    return free;
  }

  bool post_receives(Lane& lane) override {
    bool any = false;
    while (may_post(lane) && has_room(lane)) {
      StreamState& state = first_waiting(lane);
      const Segment& segment = state.plan[state.posted];
      std::byte* to = nullptr;
      if (state.discards()) {
        if (state.moved != state.posted) break;  // its only buffer is in use
        if (!state.scratch) state.scratch = std::make_unique<std::byte[]>(options_.segment_bytes);
        to = state.scratch.get();
      } else {
        to = state.destination_of(segment);
      }
      take_off(lane, state).ticket = channel_.receive(lane.peer, state.tag, {to, segment.bytes});
      any = true;
    }
    return any;
  }

  bool post_sends(Lane& lane) override {
    bool any = false;
    while (may_post(lane)) {
      StreamState& state = first_waiting(lane);
      const Segment& segment = state.plan[state.posted];
      Buffer staging;
      std::span<const std::byte> bytes = state.source_of(segment);
      if (!lies_packed(state.sources, segment)) {
        staging = staging_.take();
        if (!staging) break;
        pack_segment(state.sources, segment, staging.get());
        bytes = {staging.get(), segment.bytes};
      }
      Flight& flight = take_off(lane, state);
      flight.ticket = channel_.send(lane.peer, state.tag, bytes);
      flight.staging = std::move(staging);
      any = true;
    }
    return any;
  }

  Staging staging_;
};

/// Single blocks take a path of their own.
class ShortOrWindowed final : public DataMover {
 public:
  ShortOrWindowed(base::Rank self, std::size_t ranks, net::DataChannel& channel,
                  const MoverOptions& options)
      : channel_(channel),
        options_(options),
        self_(self),
        ranks_(static_cast<base::Rank>(ranks)),
        single_(channel),
        windowed_(self, ranks, channel, options) {}

  Stream send(base::Rank to, std::uint32_t tag,
              std::span<const std::span<const std::byte>> blocks) override {
    if (blocks.size() != 1 || !goes_alone(blocks[0].size()) || !may_send(to)) {
      return windowed_.send(to, tag, blocks);
    }
    check_peer(to);
    return single_.send(to, tag, blocks[0]);
  }
  Stream receive(base::Rank from, std::uint32_t tag, const Landing& landing) override {
    if (landing.sizes.size() != 1 || landing.destinations.empty() ||
        !goes_alone(landing.sizes[0])) {
      return windowed_.receive(from, tag, landing);
    }
    check_peer(from);
    return single_.receive(from, tag, {landing.destinations[0], landing.sizes[0]},
                           landing.checksums.empty() ? 0 : landing.checksums[0]);
  }
  bool progress() override {
    if (!busy()) return false;
    channel_.progress();
    const bool landed = single_.land();
    return (windowed_.busy() && windowed_.serve()) || landed;
  }
  std::size_t complete(Stream stream) const override {
    return SingleBlocks::has(stream) ? single_.complete(stream) : windowed_.complete(stream);
  }
  const Arrival& arrival(Stream stream) const override {
    return SingleBlocks::has(stream) ? single_.arrival(stream) : windowed_.arrival(stream);
  }
  void close(Stream stream) override {
    SingleBlocks::has(stream) ? single_.close(stream) : windowed_.close(stream);
  }
  bool abandon(base::Rank peer) override {
    const bool reusable = single_.abandon(peer);
    return windowed_.abandon(peer) && reusable;
  }
  bool busy() const override { return single_.busy() || windowed_.busy(); }

 private:
  bool goes_alone(std::uint64_t bytes) const {
    return is_one_segment(bytes, options_.segment_bytes, options_.eager_bytes);
  }
  /// One to a rank, and none past others that wait, so that windows are not much exceeded.
  bool may_send(base::Rank to) const {
    return !windowed_.sends() && single_.flying() < options_.sending_peers && !single_.sends_to(to);
  }
  void check_peer(base::Rank peer) const {
    VOLLEY_CHECK(peer >= 0 && peer < ranks_ && peer != self_, "peer={}", peer);
  }

  net::DataChannel& channel_;
  const MoverOptions options_;
  base::Rank self_;
  base::Rank ranks_;
  SingleBlocks single_;
  WindowedPairwise windowed_;
};

}  // namespace

std::unique_ptr<DataMover> make_windowed_pairwise(base::Rank self, std::size_t ranks,
                                                  net::DataChannel& channel,
                                                  const MoverOptions& options) {
  return std::make_unique<ShortOrWindowed>(self, ranks, channel, options);
}

}  // namespace volley::exchange
