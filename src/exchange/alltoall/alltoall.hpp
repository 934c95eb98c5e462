#pragma once
// AllToAll: one all-to-all exchange of bytes between the ranks of a group, prepared once and run as
// often as wanted with the same shape. Algorithms differ in order, grouping and number of messages,
// never in the result. An exchange belongs to the thread that owns MPI.
//
//   library   MPI_Alltoallv (MPI_Alltoall for a regular shape), whatever the MPI library does
//   pairwise  windowed: every pair of ranks directly, a bounded number of segments in flight
//   bruck     log2(ranks) messages per rank, each block forwarded by several: for tiny blocks
//   node      one message per pair of nodes, gathered and scattered among the ranks of a node
//   shuffle   what the shuffle service does: its mover, in chunks with checksums that are checked;
//             what stays within a node stays where it is
//   auto      one of these by size and shape, from a table (algorithm_table.hpp)
//
// No algorithm needs more memory than the two buffers and `staging_bytes`: bruck and node move
// large blocks in rounds. Counts and offsets are 64-bit; no message is larger than a segment,
// except the library's own.

#include "base/result.hpp"
#include "exchange/alltoall/algorithm_table.hpp"
#include "exchange/alltoall/exchange_shape.hpp"
#include "exchange/alltoall/rank_group.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace volley::exchange {

struct AllToAllOptions {
  Algorithm algorithm = Algorithm::automatic;
  std::uint32_t window = default_window;    ///< messages in flight from, and to, a rank
  std::uint64_t segment = default_segment;  ///< largest message; at most 1 GiB
  std::uint64_t staging_bytes = 64ULL << 20U;
  /// Every block of every rank has the same size, and blocks lie one behind the other.
  bool regular = false;
  /// Two exchanges that are under way at a time in one group have different tags, below 8000.
  std::uint32_t tag = 0;
  /// The table for `automatic`; null: the built-in one.
  const AlgorithmTable* table = nullptr;
  /// Counts and displacements above this do not go to MPI_Alltoallv as they are. Tests lower it.
  std::uint64_t largest_count = 0x7fffffff;
};

class AllToAll {
 public:
  virtual ~AllToAll() = default;

  /// Exchanges, and returns when this rank's part is complete. Collective over the group.
  virtual base::Status run(const std::byte* send, std::byte* receive) = 0;

  /// The same without waiting: start(), then progress() until it says true. The buffers stay as
  /// they are until then. Collective over the group, at each rank's own pace.
  virtual base::Status start(const std::byte* send, std::byte* receive) = 0;
  virtual base::Result<bool> progress() = 0;

  /// The blocks to send have got their contents, from which checksums are made, if there are any,
  /// as map tasks do while they write. Before the first exchange of these contents. Collective.
  virtual base::Status written(const std::byte*) { return base::Done{}; }
  /// Whether blocks for ranks of the own node are left where they are.
  virtual bool shares_within_node() const { return false; }

  /// What was chosen; never `automatic`.
  const Choice& choice() const { return choice_; }
  const ShapeFacts& facts() const { return facts_; }

 protected:
  AllToAll(const Choice& choice, const ShapeFacts& facts) : choice_(choice), facts_(facts) {}

 private:
  Choice choice_;
  ShapeFacts facts_;
};

/// Collective over the group: agrees on the facts, chooses, and prepares what the algorithm needs.
/// The group must outlive the exchange.
base::Result<std::unique_ptr<AllToAll>> prepare_alltoall(const RankGroup& group,
                                                         const ExchangeShape& shape,
                                                         const AllToAllOptions& options);

}  // namespace volley::exchange
