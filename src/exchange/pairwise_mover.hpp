#pragma once
// PairwiseMover: what the pairwise exchanges share. Streams wait in lanes, which are served in
// pairwise order with a window of segments each; how a segment travels is the derived class's.

#include "base/check.hpp"
#include "exchange/data_mover.hpp"
#include "exchange/pairwise_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace volley::exchange {

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
              std::span<const std::span<const std::byte>> blocks) final {
    State& state = new_stream(to, tag);
    state.start_sending(blocks, options_);
    if (state.complete()) return state.id;
    Lane& lane = lane_of(sends_, to, {distance(self_, to), 0});
    lane.waiting.push_back(state.id);
    // At once, before anything that has come is looked at: with some MPI libraries that copies it,
    // and the other side shall have something to copy meanwhile.
    if (sends_.size() <= options_.sending_peers) post_sends(lane);
    return state.id;
  }

  Stream receive(base::Rank from, std::uint32_t tag, const Landing& landing) final {
    State& state = new_stream(from, tag);
    state.start_receiving(landing, options_);
    if (state.complete()) return state.id;
    Lane& lane = lane_of(receives_, from, {distance(from, self_), ++receiving_lanes_});
    lane.waiting.push_back(state.id);
    post_receives(lane);
    return state.id;
  }

  std::size_t complete(Stream stream) const final {
    const State& state = state_of(stream);
    return state.complete() ? state.sizes.size() : state.plan[state.moved].block;
  }

  const Arrival& arrival(Stream stream) const final { return state_of(stream).arrival; }

  void close(Stream stream) final {
    State& state = state_of(stream);
    VOLLEY_CHECK(state.complete(), "stream={}", stream);
    state.reset();
    free_.push_back(place_of(stream));
  }

  bool abandon(base::Rank peer) final {
    bool reusable = true;
    for (Lanes* lanes : {&sends_, &receives_}) {
      for (auto at = lanes->begin(); at != lanes->end();) {
        if ((*at)->peer != peer) {
          ++at;
          continue;
        }
        reusable &= abandon_lane(**at, lanes == &sends_) || lanes == &sends_;
        idle_lanes_.push_back(std::move(*at));
        at = lanes->erase(at);
      }
    }
    return reusable;
  }

  bool busy() const final { return sends() || !receives_.empty(); }
  /// Whether a lane sends.
  bool sends() const { return !sends_.empty(); }

 protected:
  /// Streams in order, from or to one rank.
  struct Lane {
    base::Rank peer = base::no_rank;
    /// Lanes are served in this order. A receiving stream has a lane of its own: the sender serves
    /// its streams one after the other, in an order that the receiver does not know.
    std::pair<base::Rank, std::uint64_t> place;
    std::deque<Stream> waiting;  ///< those with segments to post
    std::deque<Flight> flying;
    bool idle() const { return waiting.empty() && flying.empty(); }
  };

  /// Starts what the lane's window has room for; whether there was anything.
  virtual bool post_sends(Lane& lane) = 0;
  virtual bool post_receives(Lane& lane) = 0;

  /// Forgets a segment on its way; whether its memory is free.
  virtual bool abandon_flight(Flight& flight, bool sends) = 0;

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
  State& first_waiting(const Lane& lane) { return state_of(lane.waiting.front()); }
  /// The flight of the lane's next segment.
  Flight& take_off(Lane& lane, State& state) {
    Flight& flight = lane.flying.emplace_back();
    flight.stream = lane.waiting.front();
    flight.segment = state.posted;
    if (++state.posted == state.plan.size()) lane.waiting.pop_front();
    return flight;
  }
  State& state_of(Stream stream) {
    return const_cast<State&>(std::as_const(*this).state_of(stream));
  }
  const State& state_of(Stream stream) const {
    const std::size_t place = place_of(stream);
    VOLLEY_CHECK(place < streams_.size() && streams_[place]->id == stream, "stream={}", stream);
    return *streams_[place];
  }

  net::DataChannel& channel_;
  const MoverOptions options_;

 private:
  /// By place. Lanes that have nothing to do are kept for later in `idle_lanes_`.
  using Lanes = std::vector<std::unique_ptr<Lane>>;
  static constexpr unsigned place_bits = 32;

  /// The lower half of a stream's number is its place, the upper one says which of those that were
  /// there it is.
  static std::size_t place_of(Stream stream) {
    return stream & ((std::uint64_t{1} << place_bits) - 1);
  }

  bool abandon_lane(Lane& lane, bool sends) {
    bool reusable = true;
    for (Flight& flight : lane.flying) {
      reusable &= abandon_flight(flight, sends);
      state_of(flight.stream).give_up();
    }
    for (const Stream stream : lane.waiting) state_of(stream).give_up();
    if (!reusable) given_up_.push_back(std::move(lane.flying));
    lane.flying.clear();
    lane.waiting.clear();
    return reusable;
  }

  base::Rank distance(base::Rank from, base::Rank to) const {
    return (to - from + ranks_) % ranks_;
  }

  State& new_stream(base::Rank peer, std::uint32_t tag) {
    VOLLEY_CHECK(peer >= 0 && peer < ranks_ && peer != self_, "peer={}", peer);
    VOLLEY_CHECK(tag < tags_, "tag={}", tag);
    std::size_t place = streams_.size();
    if (free_.empty()) {
      streams_.push_back(std::make_unique<State>());
    } else {
      place = free_.back();
      free_.pop_back();
    }
    State& state = *streams_[place];
    state.id = ++opened_ << place_bits | place;
    state.tag = tag;
    return state;
  }

  Lane& lane_of(Lanes& lanes, base::Rank peer, std::pair<base::Rank, std::uint64_t> place) {
    const auto at =
        std::lower_bound(lanes.begin(), lanes.end(), place,
                         [](const auto& lane, const auto& wanted) { return lane->place < wanted; });
    if (at != lanes.end() && (*at)->place == place) return **at;
    std::unique_ptr<Lane> lane;
    if (idle_lanes_.empty()) {
      lane = std::make_unique<Lane>();
    } else {
      lane = std::move(idle_lanes_.back());
      idle_lanes_.pop_back();
    }
    lane->peer = peer;
    lane->place = place;
    return **lanes.insert(at, std::move(lane));
  }

  template <class Step>
  bool serve(Lanes& lanes, std::size_t most, Step& step) {
    bool moved = false;
    std::size_t kept = 0;
    std::size_t seen = 0;
    for (; seen < lanes.size() && kept < most; ++seen) {
      moved |= step(*lanes[seen]);
      if (lanes[seen]->idle()) {
        idle_lanes_.push_back(std::move(lanes[seen]));
      } else {
        std::swap(lanes[kept++], lanes[seen]);
      }
    }
    if (kept != seen) {
      lanes.erase(lanes.begin() + static_cast<std::ptrdiff_t>(kept),
                  lanes.begin() + static_cast<std::ptrdiff_t>(seen));
    }
    return moved;
  }

  base::Rank self_;
  base::Rank ranks_;
  std::uint32_t tags_;
  std::uint64_t opened_ = 0;           ///< streams so far
  std::uint64_t receiving_lanes_ = 0;  ///< so far
  std::vector<std::unique_ptr<State>> streams_;
  std::vector<std::size_t> free_;  ///< places of streams that are not in use
  Lanes sends_;
  Lanes receives_;
  Lanes idle_lanes_;
  std::vector<std::deque<Flight>> given_up_;  ///< whose memory MPI may still use
};

}  // namespace volley::exchange
