#pragma once
// ExchangeShape: how many bytes one rank sends to and receives from every rank of a group, and
// where they lie in its two buffers. ShapeFacts: what all ranks know together about an exchange,
// from which an algorithm is chosen. 64-bit throughout.

#include <cstdint>
#include <vector>

namespace volley::exchange {

/// Indexed by rank of the group. Offsets count from the start of the send and receive buffer.
struct ExchangeShape {
  std::vector<std::uint64_t> send_bytes;
  std::vector<std::uint64_t> send_offsets;
  std::vector<std::uint64_t> receive_bytes;
  std::vector<std::uint64_t> receive_offsets;

  /// Blocks one behind the other in order of rank.
  static ExchangeShape packed(std::vector<std::uint64_t> send_bytes,
                              std::vector<std::uint64_t> receive_bytes);
  std::uint64_t bytes_sent() const;
  std::uint64_t bytes_received() const;
};

/// Of a whole exchange. Blocks to oneself do not count: they are no communication.
struct ShapeFacts {
  std::uint32_t ranks = 1;
  std::uint32_t nodes = 1;
  std::uint64_t largest_block = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t pairs_with_bytes = 0;

  std::uint64_t pairs() const;
  /// Mean bytes of a pair of ranks, those without bytes included.
  double mean_block() const;
  /// Largest block over mean; 1 when all are equal.
  double skew() const;
};

/// The bytes of a block of `bytes` that lie in [round * slice, (round + 1) * slice).
std::uint64_t slice_of(std::uint64_t bytes, std::uint64_t slice, std::uint64_t round);
/// Rounds until a block of that size is through; at least 1.
std::uint64_t rounds_of(std::uint64_t largest_block, std::uint64_t slice);

}  // namespace volley::exchange
