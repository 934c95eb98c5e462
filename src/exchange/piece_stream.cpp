#include "exchange/piece_stream.hpp"

#include <algorithm>

namespace volley::exchange {
namespace {

/// Enough that the network always has one while another is checked or passed on.
constexpr std::size_t window = 4;

bool abandon_all(net::DataChannel& channel, std::deque<net::DataChannel::Ticket>& tickets) {
  bool free = true;
  for (const net::DataChannel::Ticket ticket : tickets) free &= channel.abandon(ticket);
  tickets.clear();
  return free;
}

}  // namespace

std::uint64_t pieces_of(const protocol::BroadcastData& data) {
  return (data.bytes + data.piece_bytes - 1) / data.piece_bytes;
}

std::span<std::byte> piece_of(const protocol::BroadcastData& data, std::byte* base,
                              std::uint64_t piece) {
  const std::uint64_t begin = piece * data.piece_bytes;
  return {base + begin, std::min(data.piece_bytes, data.bytes - begin)};
}

bool PieceSender::advance(net::DataChannel& channel, const protocol::BroadcastData& data,
                          std::byte* base, std::uint64_t available) {
  bool any = false;
  while (!flying_.empty() && channel.done(flying_.front())) {
    flying_.pop_front();
    any = true;
  }
  while (next_ < available && flying_.size() < window) {
    flying_.push_back(channel.send(to_, tag_, piece_of(data, base, next_++)));
    any = true;
  }
  return any;
}

bool PieceSender::abandon(net::DataChannel& channel) { return abandon_all(channel, flying_); }

bool PieceReceiver::advance(net::DataChannel& channel, const protocol::BroadcastData& data,
                            std::byte* base) {
  bool any = false;
  while (!flying_.empty() && channel.done(flying_.front())) {
    flying_.pop_front();
    ++arrived_;
    any = true;
  }
  while (next_ < pieces_of(data) && flying_.size() < window) {
    flying_.push_back(channel.receive(from_, tag_, piece_of(data, base, next_++)));
    any = true;
  }
  return any;
}

bool PieceReceiver::abandon(net::DataChannel& channel) { return abandon_all(channel, flying_); }

}  // namespace volley::exchange
