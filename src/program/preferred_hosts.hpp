#pragma once
// The hosts that an RDD's partitions prefer: its own, or those of the first narrow parent that has
// any. What is cached where is known to the driver, and not looked at here.

#include "program/lineage.hpp"
#include "program/partition_groups.hpp"

#include <vector>

namespace volley::program {

/// For each partition.
std::vector<PreferredHosts> preferred_hosts(const Lineage& rdd);

}  // namespace volley::program
