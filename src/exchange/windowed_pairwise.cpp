#include "base/check.hpp"
#include "exchange/data_mover.hpp"
#include "exchange/segment_plan.hpp"
#include "exchange/staging.hpp"

#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

namespace volley::exchange {
namespace {

struct StreamState {
  std::uint32_t tag = 0;
  std::vector<std::uint64_t> sizes;
  std::vector<std::span<const std::byte>> sources;  ///< of a sending stream
  std::vector<std::byte*> destinations;             ///< of a receiving stream, unless it discards
  Buffer scratch;                                   ///< of one that discards
  std::vector<Segment> plan;
  std::size_t posted = 0;
  std::size_t moved = 0;  ///< segments, in order
};

struct InFlight {
  net::DataChannel::Ticket ticket = 0;
  DataMover::Stream stream = 0;
  Buffer staging;
};

/// Streams in order, from or to one rank, with a window of segments.
struct Lane {
  base::Rank peer = base::no_rank;
  std::deque<DataMover::Stream> waiting;  ///< those with segments to post
  std::deque<InFlight> flying;
  bool idle() const { return waiting.empty() && flying.empty(); }
};

class WindowedPairwise final : public DataMover {
 public:
  WindowedPairwise(base::Rank self, std::size_t ranks, net::DataChannel& channel,
                   const MoverOptions& options)
      : self_(self),
        ranks_(static_cast<base::Rank>(ranks)),
        channel_(channel),
        options_(options),
        staging_(options.segment_bytes, options.staging_bytes) {}

  Stream send(base::Rank to, std::uint32_t tag,
              std::vector<std::span<const std::byte>> blocks) override {
    StreamState state;
    for (const auto& block : blocks) state.sizes.push_back(block.size());
    state.sources = std::move(blocks);
    return open(sends_, to, {distance(self_, to), 0}, tag, std::move(state));
  }

  Stream receive(base::Rank from, std::uint32_t tag, std::vector<std::uint64_t> sizes,
                 std::vector<std::byte*> destinations) override {
    StreamState state;
    state.sizes = std::move(sizes);
    state.destinations = std::move(destinations);
    return open(receives_, from, {distance(from, self_), last_stream_ + 1}, tag, std::move(state));
  }

  bool progress() override {
    bool moved = false;
    for (auto lane = receives_.begin(); lane != receives_.end();) {
      moved |= reap(lane->second);
      moved |= post_receives(lane->second);
      lane = lane->second.idle() ? receives_.erase(lane) : std::next(lane);
    }
    std::uint32_t served = 0;
    for (auto lane = sends_.begin(); lane != sends_.end() && served < options_.sending_peers;) {
      moved |= reap(lane->second);
      moved |= post_sends(lane->second);
      served += lane->second.idle() ? 0U : 1U;
      lane = lane->second.idle() ? sends_.erase(lane) : std::next(lane);
    }
    return moved;
  }

  std::size_t complete(Stream stream) const override {
    const StreamState& state = streams_.at(stream);
    if (state.moved == state.plan.size()) return state.sizes.size();
    return state.plan[state.moved].block;
  }

  void close(Stream stream) override {
    const auto at = streams_.find(stream);
    VOLLEY_CHECK(at != streams_.end() && at->second.moved == at->second.plan.size(), "stream={}",
                 stream);
    streams_.erase(at);
  }

  bool busy() const override { return !sends_.empty() || !receives_.empty(); }

 private:
  /// Lanes in pairwise order. A receiving stream has a lane of its own: the sender serves its
  /// streams one after the other, in an order that the receiver does not know.
  using Lanes = std::map<std::pair<base::Rank, Stream>, Lane>;

  base::Rank distance(base::Rank from, base::Rank to) const {
    return (to - from + ranks_) % ranks_;
  }

  Stream open(Lanes& lanes, base::Rank peer, std::pair<base::Rank, Stream> key, std::uint32_t tag,
              StreamState state) {
    VOLLEY_CHECK(peer >= 0 && peer < ranks_ && peer != self_, "peer={}", peer);
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

  /// Completes segments in the order in which they were posted.
  bool reap(Lane& lane) {
    bool any = false;
    while (!lane.flying.empty() && channel_.done(lane.flying.front().ticket)) {
      InFlight& first = lane.flying.front();
      staging_.give_back(std::move(first.staging));
      StreamState& state = streams_.at(first.stream);
      if (++state.moved == state.plan.size()) state.scratch.reset();
      lane.flying.pop_front();
      any = true;
    }
    return any;
  }

  void posted(Lane& lane, StreamState& state, net::DataChannel::Ticket ticket, Buffer staging) {
    lane.flying.push_back({ticket, lane.waiting.front(), std::move(staging)});
    if (++state.posted == state.plan.size()) lane.waiting.pop_front();
  }

  bool post_receives(Lane& lane) {
    bool any = false;
    while (!lane.waiting.empty() && lane.flying.size() < options_.window) {
      StreamState& state = streams_.at(lane.waiting.front());
      const Segment& segment = state.plan[state.posted];
      std::byte* to = nullptr;
      if (state.destinations.empty()) {
        if (state.moved != state.posted) break;  // its only buffer is in use
        if (!state.scratch) state.scratch = std::make_unique<std::byte[]>(options_.segment_bytes);
        to = state.scratch.get();
      } else {
        to = state.destinations[segment.block] + segment.offset;
      }
      posted(lane, state, channel_.receive(lane.peer, state.tag, {to, segment.bytes}), nullptr);
      any = true;
    }
    return any;
  }

  bool post_sends(Lane& lane) {
    bool any = false;
    while (!lane.waiting.empty() && lane.flying.size() < options_.window) {
      StreamState& state = streams_.at(lane.waiting.front());
      const Segment& segment = state.plan[state.posted];
      Buffer staging;
      std::span<const std::byte> bytes{state.sources[segment.block].data() + segment.offset,
                                       segment.bytes};
      if (!lies_packed(state.sources, segment)) {
        staging = staging_.take();
        if (!staging) break;
        pack_segment(state.sources, segment, staging.get());
        bytes = {staging.get(), segment.bytes};
      }
      posted(lane, state, channel_.send(lane.peer, state.tag, bytes), std::move(staging));
      any = true;
    }
    return any;
  }

  base::Rank self_;
  base::Rank ranks_;
  net::DataChannel& channel_;
  MoverOptions options_;
  Staging staging_;
  Stream last_stream_ = 0;
  std::unordered_map<Stream, StreamState> streams_;
  Lanes sends_;
  Lanes receives_;
};

}  // namespace

std::unique_ptr<DataMover> make_windowed_pairwise(base::Rank self, std::size_t ranks,
                                                  net::DataChannel& channel,
                                                  const MoverOptions& options) {
  VOLLEY_CHECK(options.segment_bytes != 0 && options.segment_bytes <= (1ULL << 30U), "segment={}",
               options.segment_bytes);
  VOLLEY_CHECK(options.window != 0 && options.sending_peers != 0, "window={}", options.window);
  return std::make_unique<WindowedPairwise>(self, ranks, channel, options);
}

}  // namespace volley::exchange
