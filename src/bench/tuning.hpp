#pragma once
// Tuning: which algorithms are worth trying for a size, and the table of the best ones. Pure.

#include "exchange/alltoall/algorithm_table.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace volley::bench {

/// The simplest first: of two that are as good as each other, the earlier one is taken.
std::vector<exchange::Choice> tuning_candidates(std::uint64_t bytes, std::uint32_t nodes);

struct TuningResult {
  std::uint64_t bytes = 0;
  exchange::Choice choice;
  double seconds = 0;
};

/// For each size the choice that is less than 3 % above the fastest and comes first; sizes that
/// follow each other with the same choice share a row. Results are in order of size.
std::vector<exchange::AlgorithmTable::Row> best_rows(std::span<const TuningResult> results,
                                                     std::uint32_t ranks, std::uint32_t nodes);

}  // namespace volley::bench
