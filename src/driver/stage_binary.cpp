#include "driver/stage_binary.hpp"

namespace volley::driver {

std::shared_ptr<const protocol::StageBinary> make_stage_binary(const Lineage& lineage,
                                                               base::RddId final_rdd,
                                                               const protocol::Dependency* shuffle,
                                                               const protocol::Closure& action,
                                                               const FromJob& job) {
  auto binary = std::make_shared<protocol::StageBinary>();
  for (const base::RddId id : narrow_closure(lineage, final_rdd)) {
    const protocol::RddSpec& rdd = lineage.at(id);
    binary->rdds.push_back(
        {rdd.id, rdd.name, rdd.call_site, rdd.partitions, rdd.dependencies, rdd.compute, {}});
    binary->rdds.back().replaced = rdd.replaced;
    if (lineage.is_persisted(id)) binary->persisted.push_back(id);
    if (const auto* stored = lineage.stored(id)) binary->stored.push_back(*stored);
  }
  binary->final_rdd = final_rdd;
  binary->properties = job.properties;
  binary->files = job.files;
  binary->keeps_blocks = job.keeps_blocks;
  binary->task = shuffle != nullptr ? shuffle->writer : action;
  if (shuffle != nullptr) {
    binary->writes_shuffle = true;
    binary->shuffle = shuffle->shuffle;
    binary->reducers = shuffle->reducers;
  }
  return binary;
}

}  // namespace volley::driver
