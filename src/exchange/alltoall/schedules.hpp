#pragma once
// Who talks to whom, when, in the all-to-all algorithms: pure functions of the ranks and their
// nodes, without MPI.
//
// Why nobody waits for ever although windows are bounded: every message of a phase has a number
// that its sender and its receiver compute alike, and each rank posts its sends, and its receives,
// in this order. The unfinished message with the lowest number is then posted at both ends.

#include "exchange/alltoall/exchange_shape.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace volley::exchange {

/// One step of the pairwise exchange; the same step k at the two ranks of a pair.
struct Partners {
  int send_to = 0;
  int receive_from = 0;
  bool operator==(const Partners&) const = default;
};

/// All ranks but `self`, in order of steps. In every step every rank sends to one and receives from
/// one; its step with itself is left out. Nodes of equal size: the ranks of a node talk to
/// different nodes at a time (to ranks n+a+l of local number l+b in step (a, b), for rank l of node
/// n). Otherwise self XOR k when the number of ranks is a power of two, else self + k and self - k.
std::vector<Partners> pairwise_steps(int self, const std::vector<std::uint32_t>& node_of_rank);

/// Bruck's exchange (Bruck, Ho, Kipnis, Upfal, Weathersby 1997), radix 2. Before: slot i of a rank
/// holds its block for rank self + i. In the step of distance k = 1, 2, 4, ... below the number of
/// ranks, the slots whose number has bit k go to rank self + k, and those of self - k take their
/// places. After: slot i holds the block from rank self - i. All modulo the number of ranks.
std::vector<std::uint32_t> bruck_slots(std::uint32_t ranks, std::uint32_t distance);
/// The largest slice of every block with which work and message buffers (twice `ranks` slots) stay
/// within `staging_bytes`; at least 1.
std::uint64_t bruck_slice(std::uint32_t ranks, std::uint64_t largest_block,
                          std::uint64_t staging_bytes);

/// The node-aggregated exchange: what node A has for node B goes through one rank of A and one of
/// B, their agents for each other. The nodes' agents are spread over their ranks.
class NodeMap {
 public:
  NodeMap(int self, const std::vector<std::uint32_t>& node_of_rank);

  std::uint32_t own() const { return own_; }
  std::uint32_t nodes() const { return static_cast<std::uint32_t>(ranks_.size()); }
  const std::vector<int>& ranks(std::uint32_t node) const { return ranks_[node]; }
  /// The rank of `node` that speaks with the ranks of `other`.
  int agent(std::uint32_t node, std::uint32_t other) const;
  /// The other nodes in the order in which this one sends to them (distance +1, +2, ...) and
  /// receives from them (-1, -2, ...).
  std::vector<std::uint32_t> targets() const;
  std::vector<std::uint32_t> sources() const;
  /// The largest slice of every block with which every agent stays within `staging_bytes`; the same
  /// on all ranks; at least 1.
  std::uint64_t slice(std::uint64_t largest_block, std::uint64_t staging_bytes) const;

 private:
  std::uint32_t own_ = 0;
  std::vector<std::vector<int>> ranks_;
};

/// How one rank hands its counts to MPI_Alltoallv, whose counts and displacements are ints: in
/// units of a power of two of bytes that divides them all.
struct LibraryUnits {
  std::uint64_t unit = 1;
  bool fits = true;  ///< no count or displacement is above the limit
};
LibraryUnits library_units(const ExchangeShape& shape, std::uint64_t largest_count);

}  // namespace volley::exchange
