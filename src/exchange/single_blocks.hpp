#pragma once
// SingleBlocks: streams of one block that goes in one message. Such a message may take less time
// than the lists, plans and lanes of other streams. Belongs to one mover.

#include "base/check.hpp"
#include "exchange/checksum.hpp"
#include "exchange/data_mover.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace volley::exchange {

class SingleBlocks {
 public:
  using Stream = DataMover::Stream;

  explicit SingleBlocks(net::DataChannel& channel) : channel_(channel) {}

  /// Whether a stream is one of these; a mover's others have smaller numbers.
  static bool has(Stream stream) { return (stream & mark) != 0; }

  Stream send(base::Rank to, std::uint32_t tag, std::span<const std::byte> block) {
    const auto ticket = channel_.send(to, tag, block);  // first: the other side waits for it
    One& one = take(to, ticket);
    one.receives = false;
    one.complete = channel_.done(ticket);
    if (!one.complete) flying_.push_back(&one);
    return one.id;
  }
  /// `checksum`: 0 for none.
  Stream receive(base::Rank from, std::uint32_t tag, std::span<std::byte> place,
                 std::uint64_t checksum) {
    One& one = take(from, channel_.receive(from, tag, place));
    one.receives = true;
    one.complete = false;
    one.place = place;
    one.checksum = checksum;
    flying_.push_back(&one);
    return one.id;
  }
  /// After the channel's progress; whether anything has ended.
  bool land() {
    std::size_t kept = 0;
    for (One* one : flying_) {
      if (channel_.done(one->ticket)) {
        end(*one);
      } else {
        flying_[kept++] = one;
      }
    }
    const bool any = kept != flying_.size();
    flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(kept), flying_.end());
    return any;
  }

  std::size_t complete(Stream stream) const { return of(stream).complete ? 1 : 0; }
  const DataMover::Arrival& arrival(Stream stream) const { return of(stream).arrival; }
  void close(Stream stream) {
    One& one = of(stream);
    VOLLEY_CHECK(one.complete, "stream={}", stream);
    if (one.receives) one.arrival.damaged.clear();
    one.arrival.wire_bytes = 0;
    one.id = 0;
    free_.push_back(static_cast<std::uint32_t>(stream));
  }
  /// As DataMover::abandon.
  bool abandon(base::Rank peer) {
    bool reusable = true;
    std::erase_if(flying_, [&](One* one) {
      if (one->peer != peer) return false;
      reusable &= channel_.abandon(one->ticket) || !one->receives;
      one->complete = true;
      return true;
    });
    return reusable;
  }
  bool busy() const { return !flying_.empty(); }
  std::size_t flying() const { return flying_.size(); }
  bool sends_to(base::Rank peer) const {
    return std::any_of(flying_.begin(), flying_.end(),
                       [peer](const One* one) { return one->peer == peer && !one->receives; });
  }

 private:
  static constexpr Stream mark = Stream{1} << 63U;

  struct One {
    Stream id = 0;  ///< 0: not in use; the lower half is its place
    net::DataChannel::Ticket ticket = 0;
    base::Rank peer = base::no_rank;
    bool receives = false;
    bool complete = false;
    std::span<std::byte> place;
    std::uint64_t checksum = 0;
    DataMover::Arrival arrival;
  };

  One& take(base::Rank peer, net::DataChannel::Ticket ticket) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(all_.size()));
      all_.push_back(std::make_unique<One>());
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    One& one = *all_[place];
    one.id = mark | ++opened_ << 32U | place;
    one.ticket = ticket;
    one.peer = peer;
    return one;
  }
  void end(One& one) {
    one.complete = true;
    if (!one.receives) return;
    one.arrival.wire_bytes = one.place.size();
    if (one.checksum == 0) return;
    const std::uint64_t found = checksum_of(one.place);
    if (found != one.checksum) one.arrival.damaged.push_back({0, found});
  }
  One& of(Stream stream) const {
    const auto place = static_cast<std::uint32_t>(stream);
    VOLLEY_CHECK(place < all_.size() && all_[place]->id == stream, "stream={}", stream);
    return *all_[place];
  }

  net::DataChannel& channel_;
  std::uint64_t opened_ = 0;  ///< so far
  std::vector<std::unique_ptr<One>> all_;
  std::vector<std::uint32_t> free_;  ///< places of those that are not in use
  std::vector<One*> flying_;
};

}  // namespace volley::exchange
