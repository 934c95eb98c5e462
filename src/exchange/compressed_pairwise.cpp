// Pairwise exchange as in windowed_pairwise.cpp, of compressed segments. Every segment goes as two
// messages: its size, on a tag of its own, then its bytes, which are the segment as it is when the
// size says so. A receiver takes memory only for bytes that are on their way already, so that its
// memory is bounded for any number of senders and no two of them wait for each other.

#include "base/check.hpp"
#include "exchange/block_codec.hpp"
#include "exchange/data_mover.hpp"
#include "exchange/segment_plan.hpp"
#include "exchange/staging.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace volley::exchange {
namespace {

/// Sizes travel on the tag of their stream and this.
constexpr std::uint32_t size_tags = 1U << 14U;
/// Shorter ones are not worth it.
constexpr std::uint64_t shortest = 128;
/// Segments to compress or decompress in one call of progress(): the thread has other work as well.
constexpr std::uint64_t segments_at_once = 4;

struct StreamState {
  std::uint32_t tag = 0;
  std::vector<std::uint64_t> sizes;
  std::vector<std::span<const std::byte>> sources;  ///< of a sending stream
  std::vector<std::byte*> destinations;             ///< of a receiving stream, unless it discards
  std::vector<Segment> plan;
  std::size_t posted = 0;
  std::size_t moved = 0;  ///< segments, in order
  DataMover::Decoding decoding;
};

/// One segment on its way; stays where it is in memory.
struct Flight {
  DataMover::Stream stream = 0;
  std::size_t segment = 0;
  std::uint64_t size = 0;  ///< of the second message
  net::DataChannel::Ticket size_ticket = 0;
  bool size_known = false;
  std::optional<net::DataChannel::Ticket> bytes_ticket;
  Buffer staging;
};

struct Lane {
  base::Rank peer = base::no_rank;
  std::deque<DataMover::Stream> waiting;  ///< those with segments to post
  std::deque<Flight> flying;
  bool idle() const { return waiting.empty() && flying.empty(); }
};

class CompressedPairwise final : public DataMover {
 public:
  CompressedPairwise(base::Rank self, std::size_t ranks, net::DataChannel& channel,
                     const MoverOptions& options, protocol::Codec codec)
      : self_(self),
        ranks_(static_cast<base::Rank>(ranks)),
        channel_(channel),
        options_(options),
        codec_(BlockCodec::make(codec)),
        // Of a segment that is packed and then compressed.
        sending_(options.segment_bytes, options.staging_bytes, 2),
        receiving_(options.segment_bytes, options.staging_bytes) {}

  Stream send(base::Rank to, std::uint32_t tag,
              std::vector<std::span<const std::byte>> blocks) override {
    StreamState state;
    for (const auto& block : blocks) state.sizes.push_back(block.size());
    state.sources = std::move(blocks);
    return open(sends_, to, {(to - self_ + ranks_) % ranks_, 0}, tag, std::move(state));
  }

  Stream receive(base::Rank from, std::uint32_t tag, std::vector<std::uint64_t> sizes,
                 std::vector<std::byte*> destinations) override {
    StreamState state;
    state.sizes = std::move(sizes);
    state.destinations = std::move(destinations);
    return open(receives_, from, {(self_ - from + ranks_) % ranks_, last_stream_ + 1}, tag,
                std::move(state));
  }

  bool progress() override {
    if (!busy()) return false;
    bool moved = false;
    work_left_ = segments_at_once;
    for (auto lane = receives_.begin(); lane != receives_.end();) {
      moved |= post_bytes(lane->second);
      moved |= reap_receives(lane->second);
      moved |= post_sizes(lane->second);
      lane = lane->second.idle() ? receives_.erase(lane) : std::next(lane);
    }
    work_left_ = segments_at_once;
    std::uint32_t served = 0;
    for (auto lane = sends_.begin(); lane != sends_.end() && served < options_.sending_peers;) {
      moved |= reap_sends(lane->second);
      moved |= post_sends(lane->second);
      served += lane->second.idle() ? 0U : 1U;
      lane = lane->second.idle() ? sends_.erase(lane) : std::next(lane);
    }
    if (!busy()) {
      sending_.shrink();
      receiving_.shrink();
    }
    return moved;
  }

  std::size_t complete(Stream stream) const override {
    const StreamState& state = streams_.at(stream);
    if (state.moved == state.plan.size()) return state.sizes.size();
    return state.plan[state.moved].block;
  }
  const Decoding* decoding(Stream stream) const override { return &streams_.at(stream).decoding; }

  void close(Stream stream) override {
    const auto at = streams_.find(stream);
    VOLLEY_CHECK(at != streams_.end() && at->second.moved == at->second.plan.size(), "stream={}",
                 stream);
    streams_.erase(at);
  }

  bool busy() const override { return !sends_.empty() || !receives_.empty(); }

 private:
  /// In pairwise order; a receiving stream has a lane of its own.
  using Lanes = std::map<std::pair<base::Rank, Stream>, Lane>;

  Stream open(Lanes& lanes, base::Rank peer, std::pair<base::Rank, Stream> key, std::uint32_t tag,
              StreamState state) {
    VOLLEY_CHECK(peer >= 0 && peer < ranks_ && peer != self_, "peer={}", peer);
    VOLLEY_CHECK(tag < size_tags, "tag={}", tag);
    state.tag = tag;
    state.plan = plan_segments(state.sizes, options_.segment_bytes);
    const Stream stream = ++last_stream_;
    if (!state.plan.empty()) {
      Lane& lane = lanes[key];
      lane.peer = peer;
      lane.waiting.push_back(stream);
    }
    streams_.emplace(stream, std::move(state));
    return stream;
  }

  /// The flight of the lane's next segment.
  Flight& take_off(Lane& lane, StreamState& state) {
    Flight& flight = lane.flying.emplace_back();
    flight.stream = lane.waiting.front();
    flight.segment = state.posted;
    if (++state.posted == state.plan.size()) lane.waiting.pop_front();
    return flight;
  }
  bool knows_size(Flight& flight) {
    if (!flight.size_known) flight.size_known = channel_.done(flight.size_ticket);
    return flight.size_known;
  }

  bool post_sizes(Lane& lane) {
    bool any = false;
    while (!lane.waiting.empty() && lane.flying.size() < options_.window) {
      StreamState& state = streams_.at(lane.waiting.front());
      Flight& flight = take_off(lane, state);
      flight.size_ticket = channel_.receive(lane.peer, state.tag + size_tags,
                                            std::as_writable_bytes(std::span(&flight.size, 1)));
      any = true;
    }
    return any;
  }

  bool post_bytes(Lane& lane) {
    bool any = false;
    for (Flight& flight : lane.flying) {
      if (flight.bytes_ticket) continue;
      if (!knows_size(flight)) break;
      StreamState& state = streams_.at(flight.stream);
      const Segment& segment = state.plan[flight.segment];
      VOLLEY_CHECK(flight.size != 0 && flight.size <= segment.bytes, "size={} segment={}",
                   flight.size, segment.bytes);
      const bool straight = flight.size == segment.bytes && !state.destinations.empty();
      if (!straight && !(flight.staging = receiving_.take())) break;
      std::byte* const to = straight ? place_of(state, segment) : flight.staging.get();
      flight.bytes_ticket = channel_.receive(lane.peer, state.tag, {to, flight.size});
      state.decoding.wire_bytes += flight.size;
      any = true;
    }
    return any;
  }

  static std::byte* place_of(const StreamState& state, const Segment& segment) {
    return state.destinations[segment.block] + segment.offset;
  }

  bool reap_receives(Lane& lane) {
    bool any = false;
    while (!lane.flying.empty() && work_left_ != 0) {
      Flight& first = lane.flying.front();
      if (!first.bytes_ticket || !channel_.done(*first.bytes_ticket)) break;
      StreamState& state = streams_.at(first.stream);
      if (first.staging && !state.destinations.empty()) decode(state, first);
      receiving_.give_back(std::move(first.staging));
      ++state.moved;
      lane.flying.pop_front();
      any = true;
    }
    return any;
  }

  void decode(StreamState& state, const Flight& flight) {
    --work_left_;
    const Segment& segment = state.plan[flight.segment];
    if (codec_->decompress({flight.staging.get(), flight.size},
                           {place_of(state, segment), segment.bytes})) {
      return;
    }
    for (std::size_t i = 0; i < segment.count; ++i) {
      state.decoding.damaged.push_back(segment.block + i);
    }
  }

  bool reap_sends(Lane& lane) {
    bool any = false;
    while (!lane.flying.empty()) {
      Flight& first = lane.flying.front();
      if (!knows_size(first) || !channel_.done(*first.bytes_ticket)) break;
      sending_.give_back(std::move(first.staging));
      ++streams_.at(first.stream).moved;
      lane.flying.pop_front();
      any = true;
    }
    return any;
  }

  bool post_sends(Lane& lane) {
    bool any = false;
    while (!lane.waiting.empty() && lane.flying.size() < options_.window && work_left_ != 0) {
      StreamState& state = streams_.at(lane.waiting.front());
      Buffer packed = sending_.take();
      Buffer out = sending_.take();
      if (!packed || !out) {
        sending_.give_back(std::move(packed));
        break;
      }
      const Segment& segment = state.plan[state.posted];
      Flight& flight = take_off(lane, state);
      const auto bytes = encode(state, segment, std::move(packed), std::move(out), flight.staging);
      flight.size = bytes.size();
      flight.size_ticket = channel_.send(lane.peer, state.tag + size_tags,
                                         std::as_bytes(std::span(&flight.size, 1)));
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
    std::span<const std::byte> in(blocks[segment.block].data() + segment.offset, segment.bytes);
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

  base::Rank self_;
  base::Rank ranks_;
  net::DataChannel& channel_;
  MoverOptions options_;
  std::unique_ptr<BlockCodec> codec_;
  Staging sending_;
  Staging receiving_;
  std::uint64_t work_left_ = 0;
  Stream last_stream_ = 0;
  std::unordered_map<Stream, StreamState> streams_;
  Lanes sends_;
  Lanes receives_;
};

}  // namespace

std::unique_ptr<DataMover> make_compressed_pairwise(base::Rank self, std::size_t ranks,
                                                    net::DataChannel& channel,
                                                    const MoverOptions& options,
                                                    protocol::Codec codec) {
  VOLLEY_CHECK(options.segment_bytes != 0 && options.segment_bytes <= (1ULL << 30U), "segment={}",
               options.segment_bytes);
  VOLLEY_CHECK(options.window != 0 && options.sending_peers != 0, "window={}", options.window);
  return std::make_unique<CompressedPairwise>(self, ranks, channel, options, codec);
}

}  // namespace volley::exchange
