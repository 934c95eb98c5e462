#pragma once
// Latency and bandwidth of every pair of ranks. The order of the pairs is a pure function.

#include "bench/report.hpp"
#include "exchange/alltoall/rank_group.hpp"

#include <utility>
#include <vector>

namespace volley::bench {

/// Rounds in which no rank has two partners, so that every pair meets once (the circle method of
/// tournaments). One at a time: a round for each pair.
std::vector<std::vector<std::pair<int, int>>> pair_rounds(int ranks, bool concurrent);

/// Collective. Complete on rank 0.
base::Result<PairMatrix> measure_pairs(const exchange::RankGroup& group, const Options& options);

}  // namespace volley::bench
