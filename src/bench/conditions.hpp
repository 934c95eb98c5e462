#pragma once
// Under which conditions a run happens: software, hosts, environment.

#include "bench/report.hpp"
#include "exchange/alltoall/rank_group.hpp"
#include "net/mpi_world.hpp"

namespace volley::bench {

/// Collective; the hosts are known on rank 0 only. Bandwidths are left out.
base::Result<Conditions> conditions_of(const net::MpiWorld& world,
                                       const exchange::RankGroup& group);

}  // namespace volley::bench
