#include "exchange/data_mover.hpp"
#include "exchange/pairwise_mover.hpp"
#include "exchange/segment_plan.hpp"
#include "exchange/staging.hpp"

#include <algorithm>
#include <limits>
#include <utility>

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
  /// Completes segments in the order in which they were posted.
  bool reap(Lane& lane) {
    bool any = false;
    while (!lane.flying.empty() && channel_.done(lane.flying.front().ticket)) {
      Flight& first = lane.flying.front();
      staging_.give_back(std::move(first.staging));
      StreamState& state = state_of(first.stream);
      const Segment& segment = state.plan[first.segment];
      for (std::size_t i = 0; i < segment.count; ++i) {
        state.arrival.wire_bytes += std::min(segment.bytes, state.sizes[segment.block + i]);
      }
      state.land();
      if (state.complete()) state.scratch.reset();
      lane.flying.pop_front();
      any = true;
    }
    return any;
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
    while (may_post(lane)) {
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

}  // namespace

std::unique_ptr<DataMover> make_windowed_pairwise(base::Rank self, std::size_t ranks,
                                                  net::DataChannel& channel,
                                                  const MoverOptions& options) {
  return std::make_unique<WindowedPairwise>(self, ranks, channel, options);
}

}  // namespace volley::exchange
