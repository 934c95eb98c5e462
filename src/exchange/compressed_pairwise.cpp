// Pairwise exchange as in windowed_pairwise.cpp, of compressed segments. Every segment goes as two
// messages: its size, on a tag of its own, then its bytes, which are the segment as it is when the
// size says so. The size comes three times and the majority counts: nothing else would tell a
// damaged one from a good one, and without it the bytes cannot be received. A receiver takes memory
// only for bytes that are on their way already, so that its memory is bounded for any number of
// senders and no two of them wait for each other.

#include "base/check.hpp"
#include "exchange/block_codec.hpp"
#include "exchange/data_mover.hpp"
#include "exchange/pairwise_mover.hpp"
#include "exchange/segment_plan.hpp"
#include "exchange/staging.hpp"

#include <array>
#include <optional>
#include <utility>

namespace volley::exchange {
namespace {

/// Sizes travel on the tag of their stream and this.
constexpr std::uint32_t size_tags = 1U << 14U;
/// Shorter ones are not worth it.
constexpr std::uint64_t shortest = 128;
/// Segments to compress or decompress in one call of progress(): the thread has other work as well.
constexpr std::uint64_t segments_at_once = 4;

using StreamState = PairwiseStream;

/// One segment on its way; stays where it is in memory.
struct Flight : PairwiseFlight {
  std::uint64_t size = 0;                  ///< of the second message
  std::array<std::uint64_t, 3> said = {};  ///< the first one
  net::DataChannel::Ticket size_ticket = 0;
  bool size_known = false;
  std::optional<net::DataChannel::Ticket> bytes_ticket;
  Buffer staging;
};

/// A segment's size goes ahead of it: small ones gain nothing.
MoverOptions without_eager(MoverOptions options) {
  options.eager_bytes = 0;
  return options;
}

class CompressedPairwise final : public PairwiseMover<StreamState, Flight> {
 public:
  CompressedPairwise(base::Rank self, std::size_t ranks, net::DataChannel& channel,
                     const MoverOptions& options, protocol::Codec codec)
      : PairwiseMover(self, ranks, channel, without_eager(options), size_tags),
        codec_(BlockCodec::make(codec)),
        // Of a segment that is packed and then compressed.
        sending_(options.segment_bytes, options.staging_bytes, 2),
        receiving_(options.segment_bytes, options.staging_bytes) {}

  bool progress() override {
    if (!busy()) return false;
    channel_.progress();
    work_left_ = segments_at_once;
    bool moved = serve_receives([this](Lane& lane) {
      bool any = post_bytes(lane);
      any |= reap_receives(lane);
      any |= post_receives(lane);
      return any;
    });
    work_left_ = segments_at_once;
    moved |= serve_sends([this](Lane& lane) {
      const bool reaped = reap_sends(lane);
      return post_sends(lane) || reaped;
    });
    work_left_ = 0;  // what is sent from now on is compressed by the next call
    if (!busy()) {
      sending_.shrink();
      receiving_.shrink();
    }
    return moved;
  }

 private:
  bool knows_size(Flight& flight) {
    if (flight.size_known || !channel_.done(flight.size_ticket)) return flight.size_known;
    const auto [a, b, c] = flight.said;
    flight.size = a == b || a == c ? a : b;
    return flight.size_known = true;
  }

  bool abandon_flight(Flight& flight, bool sends) override {
    const bool size_free = flight.size_known || channel_.abandon(flight.size_ticket);
    const bool free = !flight.bytes_ticket || channel_.abandon(*flight.bytes_ticket);
    (sends ? sending_ : receiving_).abandon(flight.staging, free);
    return size_free && free;
  }

  bool post_receives(Lane& lane) override {
    bool any = false;
    while (may_post(lane)) {
      StreamState& state = first_waiting(lane);
      Flight& flight = take_off(lane, state);
      flight.size_ticket = channel_.receive(lane.peer, state.tag + size_tags,
                                            std::as_writable_bytes(std::span(flight.said)));
      any = true;
    }
    return any;
  }

  bool post_bytes(Lane& lane) {
    bool any = false;
    for (Flight& flight : lane.flying) {
      if (flight.bytes_ticket) continue;
      if (!knows_size(flight)) break;
      StreamState& state = state_of(flight.stream);
      const Segment& segment = state.plan[flight.segment];
      VOLLEY_CHECK(flight.size != 0 && flight.size <= segment.bytes, "size={} segment={}",
                   flight.size, segment.bytes);
      const bool straight = flight.size == segment.bytes && !state.discards();
      if (!straight && !(flight.staging = receiving_.take())) break;
      std::byte* const to = straight ? state.destination_of(segment) : flight.staging.get();
      flight.bytes_ticket = channel_.receive(lane.peer, state.tag, {to, flight.size});
      state.arrival.wire_bytes += flight.size;
      any = true;
    }
    return any;
  }

  bool reap_receives(Lane& lane) {
    bool any = false;
    while (!lane.flying.empty() && work_left_ != 0) {
      Flight& first = lane.flying.front();
      if (!first.bytes_ticket || !channel_.done(*first.bytes_ticket)) break;
      StreamState& state = state_of(first.stream);
      const bool encoded = first.staging && !state.discards();
      state.land(!encoded || decode(state, first));
      receiving_.give_back(std::move(first.staging));
      lane.flying.pop_front();
      any = true;
    }
    return any;
  }

  bool decode(const StreamState& state, const Flight& flight) {
    --work_left_;
    const Segment& segment = state.plan[flight.segment];
    return codec_->decompress({flight.staging.get(), flight.size},
                              {state.destination_of(segment), segment.bytes});
  }

  bool reap_sends(Lane& lane) {
    bool any = false;
    while (!lane.flying.empty()) {
      Flight& first = lane.flying.front();
      if (!knows_size(first) || !channel_.done(*first.bytes_ticket)) break;
      sending_.give_back(std::move(first.staging));
      state_of(first.stream).land();
      lane.flying.pop_front();
      any = true;
    }
    return any;
  }

  bool post_sends(Lane& lane) override {
    bool any = false;
    while (may_post(lane) && work_left_ != 0) {
      StreamState& state = first_waiting(lane);
      Buffer packed = sending_.take();
      Buffer out = sending_.take();
      if (!packed || !out) {
        sending_.give_back(std::move(packed));
        break;
      }
      const Segment& segment = state.plan[state.posted];
      Flight& flight = take_off(lane, state);
      const auto bytes = encode(state, segment, std::move(packed), std::move(out), flight.staging);
      flight.said.fill(bytes.size());
      flight.size_ticket =
          channel_.send(lane.peer, state.tag + size_tags, std::as_bytes(std::span(flight.said)));
      flight.bytes_ticket = channel_.send(lane.peer, state.tag, bytes);
      any = true;
    }
    return any;
  }

  /// The bytes to send, and in `kept` the buffer they lie in, unless they are sent from their
  /// place.
  std::span<const std::byte> encode(const StreamState& state, const Segment& segment, Buffer packed,
                                    Buffer out, Buffer& kept) {
    const std::span blocks(state.sources);
    std::span<const std::byte> in = state.source_of(segment);
    if (lies_packed(blocks, segment)) {
      sending_.give_back(std::move(packed));
    } else {
      pack_segment(blocks, segment, packed.get());
      in = {packed.get(), segment.bytes};
    }
    std::size_t size = 0;
    if (segment.bytes >= shortest) {
      --work_left_;
      // What saves less than an eighth goes as it is.
      size = codec_->compress(in, {out.get(), segment.bytes - segment.bytes / 8});
    }
    if (size == 0) std::swap(packed, out);
    sending_.give_back(std::move(packed));
    kept = std::move(out);
    return size == 0 ? in : std::span<const std::byte>(kept.get(), size);
  }

  std::unique_ptr<BlockCodec> codec_;
  Staging sending_;
  Staging receiving_;
  std::uint64_t work_left_ = 0;
};

}  // namespace

std::unique_ptr<DataMover> make_compressed_pairwise(base::Rank self, std::size_t ranks,
                                                    net::DataChannel& channel,
                                                    const MoverOptions& options,
                                                    protocol::Codec codec) {
  return std::make_unique<CompressedPairwise>(self, ranks, channel, options, codec);
}

}  // namespace volley::exchange
