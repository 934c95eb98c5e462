#pragma once
// Lineage: the RDDs one job can reach, as an immutable table shared by the job and its stages. The
// functions here walk it without recursion: chains are thousands of RDDs long.

#include "base/ids.hpp"
#include "protocol/program.hpp"

#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace volley::driver {

class Lineage {
 public:
  Lineage(const std::vector<protocol::RddSpecPtr>& rdds, const std::vector<base::RddId>& persisted,
          const std::vector<protocol::StoredRdd>& stored = {});

  /// The RDD must be part of the lineage.
  const protocol::RddSpec& at(base::RddId id) const;
  bool is_persisted(base::RddId id) const { return persisted_.contains(id); }
  /// How it is kept, when it is persisted and not kept as objects in memory; else null.
  const protocol::StoredRdd* stored(base::RddId id) const {
    const auto found = stored_.find(id);
    return found == stored_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<base::RddId, protocol::RddSpecPtr> rdds_;
  std::unordered_set<base::RddId> persisted_;
  std::unordered_map<base::RddId, protocol::StoredRdd> stored_;
};
using LineagePtr = std::shared_ptr<const Lineage>;

/// The RDDs that tasks of a stage ending in `final_rdd` compute: those reachable through narrow
/// dependencies, parents before children.
std::vector<base::RddId> narrow_closure(const Lineage& lineage, base::RddId final_rdd);

/// One stage of a job, as cut from its lineage.
struct StageCut {
  base::RddId final_rdd = 0;
  /// The shuffle that the stage writes (owned by the lineage); null for the result stage.
  const protocol::Dependency* shuffle = nullptr;
  std::vector<base::ShuffleNumber> parents;  ///< shuffles that the stage reads, distinct
};

/// Cuts the lineage of `final_rdd` at its shuffles. Every shuffle makes one stage; parents come
/// before children; the result stage is last.
std::vector<StageCut> cut_stages(const Lineage& lineage, base::RddId final_rdd);

}  // namespace volley::driver
