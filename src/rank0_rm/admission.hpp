#pragma once
// Admission: whether a cluster could ever run an application. Pure decisions; what they refuse is
// refused when it is submitted, with what would fit.

#include "rank0_rm/cluster_capacity.hpp"

#include <string>

namespace volley::rm {

/// Why the cluster cannot ever run the application, even with nothing else on it; empty when it
/// can. `master_memory`: of the ApplicationMaster's container in client mode.
std::string why_never(const ClusterCapacity& capacity, const protocol::Submission& submission,
                      base::ByteCount master_memory);

}  // namespace volley::rm
