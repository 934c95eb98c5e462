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

/// What the tasks of a stage take over from the job that it runs for.
struct FromJob {
  Properties properties = {};
  std::vector<protocol::AddedFile> files = {};
  bool keeps_blocks = false;
};

/// `shuffle` is the dependency that the stage writes, or null for a result stage, whose tasks run
/// `action`.
std::shared_ptr<const protocol::StageBinary> make_stage_binary(const Lineage& lineage,
                                                               base::RddId final_rdd,
                                                               const protocol::Dependency* shuffle,
                                                               const protocol::Closure& action,
                                                               const FromJob& job = {});

}  // namespace volley::driver
