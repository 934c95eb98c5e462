#pragma once
// The shuffle of `volley bench shuffle` as an MPI programmer writes it: every rank makes its
// records into one block per rank (no counting first: blocks have room to spare), the counts go by
// MPI_Alltoall, the blocks by one MPI_Alltoallv, and the received records are summed.

#include "bench/report.hpp"
#include "exchange/alltoall/rank_group.hpp"

#include <vector>

namespace volley::bench {

/// Rows mpi-path, mpi-write, mpi-move, mpi-read for `bytes` among all ranks. Collective. Fails with
/// `wrong_contents` when the sums do not fit.
base::Result<std::vector<Row>> shuffle_with_mpi(const exchange::RankGroup& group,
                                                const Options& options, std::uint64_t bytes,
                                                double injection);

}  // namespace volley::bench
