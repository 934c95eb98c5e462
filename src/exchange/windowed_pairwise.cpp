#include "exchange/data_mover.hpp"
#include "exchange/pairwise_mover.hpp"
#include "exchange/segment_plan.hpp"
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
    const bool landed = land_alone();
    if (idle()) return landed;
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
    return landed || received || sent;
  }

 private:
  /// A stream of one segment without a lane: a lane's books take longer than such a message.
  struct Alone {
    StreamState* stream = nullptr;
    net::DataChannel::Ticket ticket = 0;
    base::Rank peer = base::no_rank;
    bool sends = false;
  };

  /// One to a rank, so that its window is not much exceeded by those of a lane that follow.
  bool may_send_alone(base::Rank to) const {
    const auto known = [to](const Alone& each) { return each.sends && each.peer == to; };
    return flying_alone_.size() < options_.sending_peers &&
           std::none_of(flying_alone_.begin(), flying_alone_.end(), known);
  }

  bool send_alone(StreamState& state, base::Rank to) override {
    if (state.plan.size() != 1 || !may_send_alone(to) ||
        !lies_packed(state.sources, state.plan[0])) {
      return false;
    }
    sent_alone(state, to, channel_.send(to, state.tag, state.source_of(state.plan[0])));
    return true;
  }

  /// Before its books are made: the other side waits for it.
  bool send_block(StreamState& state, base::Rank to, std::span<const std::byte> block) override {
    if (!StreamState::is_one(block.size(), options_) || !may_send_alone(to)) return false;
    const auto ticket = channel_.send(to, state.tag, block);
    state.start_one(block);
    sent_alone(state, to, ticket);
    return true;
  }

  void sent_alone(StreamState& state, base::Rank to, net::DataChannel::Ticket ticket) {
    state.posted = 1;
    if (channel_.done(ticket)) {
      state.land();
    } else {
      fly_alone({&state, ticket, to, true});
    }
  }

  bool receive_alone(StreamState& state, base::Rank from) override {
    if (state.plan.size() != 1 || state.discards()) return false;
    const Segment& segment = state.plan[0];
    const auto ticket =
        channel_.receive(from, state.tag, {state.destination_of(segment), segment.bytes});
    state.posted = 1;
    fly_alone({&state, ticket, from, false});
    return true;
  }

  void fly_alone(const Alone& alone) {
    flying_alone_.push_back(alone);
    alone_ = flying_alone_.size();
  }

  bool land_alone() {
    std::size_t kept = 0;
    for (const Alone& each : flying_alone_) {
      if (channel_.done(each.ticket)) {
        count_bytes(*each.stream, each.stream->plan[0]);
        each.stream->land();
      } else {
        flying_alone_[kept++] = each;
      }
    }
    if (kept == flying_alone_.size()) return false;
    flying_alone_.erase(flying_alone_.begin() + static_cast<std::ptrdiff_t>(kept),
                        flying_alone_.end());
    alone_ = kept;
    return true;
  }

  bool abandon_alone(base::Rank peer) override {
    bool reusable = true;
    std::erase_if(flying_alone_, [&](const Alone& each) {
      if (each.peer != peer) return false;
      reusable &= channel_.abandon(each.ticket) || each.sends;
      each.stream->give_up();
      return true;
    });
    alone_ = flying_alone_.size();
    return reusable;
  }

  static void count_bytes(StreamState& state, const Segment& segment) {
    if (segment.count == 1) {
      state.arrival.wire_bytes += segment.bytes;
      return;
    }
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
  std::vector<Alone> flying_alone_;
};

}  // namespace

std::unique_ptr<DataMover> make_windowed_pairwise(base::Rank self, std::size_t ranks,
                                                  net::DataChannel& channel,
                                                  const MoverOptions& options) {
  return std::make_unique<WindowedPairwise>(self, ranks, channel, options);
}

}  // namespace volley::exchange
