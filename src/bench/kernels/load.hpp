#pragma once
// The aggressors of `congest`: ranks that exchange with each other until the victims are done.

#include "exchange/alltoall/alltoall.hpp"

namespace volley::bench {

/// Collective over the aggressors: runs the exchange until stop_load() was called for `world`'s
/// rank 0 of `group`; everyone runs as often as everyone else.
base::Status load_until_stopped(const exchange::RankGroup& world,
                                const exchange::RankGroup& aggressors, exchange::AllToAll& exchange,
                                const std::byte* send, std::byte* receive);
/// One victim tells one aggressor (ranks of `world`: the first of each).
base::Status stop_load(const exchange::RankGroup& world, int first_aggressor);

}  // namespace volley::bench
