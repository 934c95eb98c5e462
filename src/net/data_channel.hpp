#pragma once
// DataChannel: moves blocks of bytes between ranks beside the message router, without blocking.
// Blocks between two ranks with the same tag arrive in the order they were sent; the receiver must
// know each block's exact size. One thread owns it. Implemented over MPI and by the simulated
// network.

#include "base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace volley::net {

class DataChannel {
 public:
  using Ticket = std::uint64_t;

  virtual ~DataChannel() = default;
  /// Messages up to this size are on their way at once, before their receiver is asked, between any
  /// two ranks, while larger ones take much longer; 0: there is no such size, or it is not known.
  /// The same on all ranks.
  virtual std::uint64_t eager_bytes() const { return 0; }
  /// Starts a transfer; the memory must stay untouched until done() or abandon(). At most 1 GiB.
  virtual Ticket send(base::Rank to, std::uint32_t tag, std::span<const std::byte> block) = 0;
  virtual Ticket receive(base::Rank from, std::uint32_t tag, std::span<std::byte> block) = 0;
  /// Moves what can move without waiting, for all transfers; no transfer completes without it, but
  /// for sends that are complete when they have been started.
  virtual void progress() = 0;
  /// Whether a transfer has completed. A ticket is forgotten once it is done.
  virtual bool done(Ticket ticket) = 0;
  /// Forgets a transfer whose peer is gone. True: its memory is free. False: what is still on the
  /// way may be written to it or read from it at any time, so that it must never be used again.
  [[nodiscard]] virtual bool abandon(Ticket ticket) = 0;
};

}  // namespace volley::net
