#pragma once
// PieceSender and PieceReceiver: the pieces of a broadcast on their way between two ranks, a few at
// a time, in order. Owned by the BroadcastStore of either.

#include "net/data_channel.hpp"
#include "protocol/broadcast_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

namespace volley::exchange {

/// How many pieces there are.
std::uint64_t pieces_of(const protocol::BroadcastData& data);
/// One of them, in memory that begins at `base`.
std::span<std::byte> piece_of(const protocol::BroadcastData& data, std::byte* base,
                              std::uint64_t piece);

class PieceSender {
 public:
  /// `first`: the first piece that the receiver wants.
  PieceSender(base::Rank to, std::uint32_t tag, std::uint64_t first)
      : to_(to), tag_(tag), next_(first) {}

  base::Rank to() const { return to_; }
  /// Sends what it can of the pieces below `available`; whether anything happened.
  bool advance(net::DataChannel& channel, const protocol::BroadcastData& data, std::byte* base,
               std::uint64_t available);
  bool finished(const protocol::BroadcastData& data) const {
    return next_ >= pieces_of(data) && flying_.empty();
  }
  /// Whether the memory is free then.
  [[nodiscard]] bool abandon(net::DataChannel& channel);

 private:
  base::Rank to_;
  std::uint32_t tag_;
  std::uint64_t next_;
  std::deque<net::DataChannel::Ticket> flying_;
};

class PieceReceiver {
 public:
  PieceReceiver(base::Rank from, std::uint32_t tag, std::uint64_t first)
      : from_(from), tag_(tag), next_(first), arrived_(first) {}

  base::Rank from() const { return from_; }
  /// Takes what has come; whether anything happened.
  bool advance(net::DataChannel& channel, const protocol::BroadcastData& data, std::byte* base);
  /// All pieces below have come.
  std::uint64_t arrived() const { return arrived_; }
  /// Whether the memory is free then.
  [[nodiscard]] bool abandon(net::DataChannel& channel);

 private:
  base::Rank from_;
  std::uint32_t tag_;
  std::uint64_t next_;
  std::uint64_t arrived_;
  std::deque<net::DataChannel::Ticket> flying_;
};

}  // namespace volley::exchange
