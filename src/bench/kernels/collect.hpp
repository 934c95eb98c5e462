#pragma once
// Small collective helpers of the kernels: numbers and texts from all ranks of a group.

#include "base/result.hpp"
#include "exchange/alltoall/rank_group.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley::bench {

/// Of all ranks, to all.
base::Result<double> maximum(const exchange::RankGroup& group, double value);
base::Result<double> sum(const exchange::RankGroup& group, double value);
base::Status barrier(const exchange::RankGroup& group);
/// A barrier that sleeps: ranks that wait for others to measure must not take their cores.
base::Status sleeping_barrier(const exchange::RankGroup& group);
/// The text of `root`, to all.
base::Status broadcast(const exchange::RankGroup& group, std::string& text, int root);
/// The first text, by rank, that is not empty; to all.
base::Result<std::string> first_text(const exchange::RankGroup& group, const std::string& text);
/// Every rank's text, by rank; empty but on rank 0.
base::Result<std::vector<std::string>> gather(const exchange::RankGroup& group,
                                              const std::string& text);

}  // namespace volley::bench
