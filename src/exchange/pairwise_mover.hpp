#pragma once
// PairwiseMover: what the pairwise exchanges share. Streams wait in lanes, which are served in
// pairwise order with a window of segments each; how a segment travels is the derived class's.

#include "base/check.hpp"
#include "exchange/data_mover.hpp"
#include "exchange/segment_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace volley::exchange {

struct PairwiseStream {
  std::uint32_t tag = 0;
  std::vector<std::uint64_t> sizes;
  std::vector<std::span<const std::byte>> sources;  ///< of a sending stream
  std::vector<std::byte*> destinations;             ///< of a receiving stream, unless it discards
  std::vector<Segment> plan;
  std::size_t posted = 0;
  std::size_t moved = 0;  ///< segments, in order

  /// Where a segment is read from, if it lies packed.
  std::span<const std::byte> source_of(const Segment& segment) const {
    return {sources[segment.block].data() + segment.offset, segment.bytes};
  }
  std::byte* destination_of(const Segment& segment) const {
    return destinations[segment.block] + segment.offset;
  }
};

/// A segment on its way.
struct PairwiseFlight {
  DataMover::Stream stream = 0;
  std::size_t segment = 0;
};

/// `State`: a PairwiseStream, perhaps with more; `Flight`: a PairwiseFlight with more.
template <class State, class Flight>
class PairwiseMover : public DataMover {
 public:
  /// Tags of streams are below `tags`.
  PairwiseMover(base::Rank self, std::size_t ranks, net::DataChannel& channel,
                const MoverOptions& options, std::uint32_t tags)
      : channel_(channel),
        options_(options),
        self_(self),
        ranks_(static_cast<base::Rank>(ranks)),
        tags_(tags) {
    VOLLEY_CHECK(options.segment_bytes != 0 && options.segment_bytes <= (1ULL << 30U), "segment={}",
                 options.segment_bytes);
    VOLLEY_CHECK(options.window != 0 && options.sending_peers != 0, "window={}", options.window);
  }

  Stream send(base::Rank to, std::uint32_t tag,
              std::vector<std::span<const std::byte>> blocks) final {
    State state;
    for (const auto& block : blocks) state.sizes.push_back(block.size());
    state.sources = std::move(blocks);
    return open(sends_, to, {distance(self_, to), 0}, tag, std::move(state));
  }

  Stream receive(base::Rank from, std::uint32_t tag, std::vector<std::uint64_t> sizes,
                 std::vector<std::byte*> destinations) final {
    State state;
    state.sizes = std::move(sizes);
    state.destinations = std::move(destinations);
    return open(receives_, from, {distance(from, self_), last_stream_ + 1}, tag, std::move(state));
  }

  std::size_t complete(Stream stream) const final {
    const State& state = streams_.at(stream);
    if (state.moved == state.plan.size()) return state.sizes.size();
    return state.plan[state.moved].block;
  }

  void close(Stream stream) final {
    const auto at = streams_.find(stream);
    VOLLEY_CHECK(at != streams_.end() && at->second.moved == at->second.plan.size(), "stream={}",
                 stream);
    streams_.erase(at);
  }

  bool busy() const final { return !sends_.empty() || !receives_.empty(); }

 protected:
  /// Streams in order, from or to one rank.
  struct Lane {
    base::Rank peer = base::no_rank;
    std::deque<Stream> waiting;  ///< those with segments to post
    std::deque<Flight> flying;
    bool idle() const { return waiting.empty() && flying.empty(); }
  };

  /// step(lane) -> whether anything happened, for all lanes of receives.
  template <class Step>
  bool serve_receives(Step&& step) {
    return serve(receives_, receives_.size(), step);
  }
  /// The same for the lanes of sends, as many as may be served at a time.
  template <class Step>
  bool serve_sends(Step&& step) {
    return serve(sends_, options_.sending_peers, step);
  }

  bool may_post(const Lane& lane) const {
    return !lane.waiting.empty() && lane.flying.size() < options_.window;
  }
  State& first_waiting(const Lane& lane) { return streams_.at(lane.waiting.front()); }
  /// The flight of the lane's next segment.
  Flight& take_off(Lane& lane, State& state) {
    Flight& flight = lane.flying.emplace_back();
    flight.stream = lane.waiting.front();
    flight.segment = state.posted;
    if (++state.posted == state.plan.size()) lane.waiting.pop_front();
    return flight;
  }
  State& state_of(Stream stream) { return streams_.at(stream); }
  const State& state_of(Stream stream) const { return streams_.at(stream); }

  net::DataChannel& channel_;
  const MoverOptions options_;

 private:
  /// In pairwise order. A receiving stream has a lane of its own: the sender serves its streams one
  /// after the other, in an order that the receiver does not know.
  using Lanes = std::map<std::pair<base::Rank, Stream>, Lane>;

  base::Rank distance(base::Rank from, base::Rank to) const {
    return (to - from + ranks_) % ranks_;
  }

  Stream open(Lanes& lanes, base::Rank peer, std::pair<base::Rank, Stream> key, std::uint32_t tag,
              State state) {
    VOLLEY_CHECK(peer >= 0 && peer < ranks_ && peer != self_, "peer={}", peer);
    VOLLEY_CHECK(tag < tags_, "tag={}", tag);
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

  template <class Step>
  static bool serve(Lanes& lanes, std::size_t most, Step& step) {
    bool moved = false;
    std::size_t served = 0;
    for (auto lane = lanes.begin(); lane != lanes.end() && served < most;) {
      moved |= step(lane->second);
      served += lane->second.idle() ? 0U : 1U;
      lane = lane->second.idle() ? lanes.erase(lane) : std::next(lane);
    }
    return moved;
  }

  base::Rank self_;
  base::Rank ranks_;
  std::uint32_t tags_;
  Stream last_stream_ = 0;
  std::unordered_map<Stream, State> streams_;
  Lanes sends_;
  Lanes receives_;
};

}  // namespace volley::exchange
