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
using Files = std::vector<protocol::AddedFile>;

/// `shuffle` is the dependency that the stage writes, or null for a result stage, whose tasks run
/// `action`. `properties` and `files` are the job's, for the tasks to read.
std::shared_ptr<const protocol::StageBinary> make_stage_binary(
    const Lineage& lineage, base::RddId final_rdd, const protocol::Dependency* shuffle,
    const protocol::Closure& action, Properties properties = {}, Files files = {});

}  // namespace volley::driver
