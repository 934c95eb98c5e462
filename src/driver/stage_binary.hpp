#pragma once
// What executors get of a stage: the RDDs its tasks compute, without the payloads of sources.

#include "driver/lineage.hpp"
#include "protocol/program.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace volley::driver {

using Properties = std::vector<std::pair<std::string, std::string>>;

/// `shuffle` is the dependency that the stage writes, or null for a result stage, whose tasks run
/// `action`. `properties` and `keeps_blocks` are the job's.
std::shared_ptr<const protocol::StageBinary> make_stage_binary(
    const Lineage& lineage, base::RddId final_rdd, const protocol::Dependency* shuffle,
    const protocol::Closure& action, Properties properties = {}, bool keeps_blocks = false);

}  // namespace volley::driver
