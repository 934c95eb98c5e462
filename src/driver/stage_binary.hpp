#pragma once
// What executors get of a stage: the RDDs its tasks compute, without the payloads of sources.

#include "driver/lineage.hpp"
#include "protocol/program.hpp"

#include <memory>

namespace volley::driver {

/// `shuffle` is the dependency that the stage writes, or null for a result stage, whose tasks run
/// `action`.
std::shared_ptr<protocol::StageBinary> make_stage_binary(const Lineage& lineage,
                                                         base::RddId final_rdd,
                                                         const protocol::Dependency* shuffle,
                                                         const protocol::Closure& action);

}  // namespace volley::driver
