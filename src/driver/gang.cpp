#include "driver/gang.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace volley::driver {
namespace {

/// Fewer are tried earlier.
int choice(const GangTask& task) {
  if (!task.only_beside.empty()) return 0;
  return task.node ? 1 : 2;
}

bool fits(const GangTask& task, const FreeWorker& worker) {
  if (worker.slots == 0 || (task.node && *task.node != worker.node)) return false;
  const auto& only = task.only_beside;
  return only.empty() || std::find(only.begin(), only.end(), worker.key) != only.end();
}

/// RDDs of the stage that are barriers or narrow children of one.
std::unordered_set<base::RddId> barriers(const Lineage& lineage,
                                         const std::vector<base::RddId>& parents_first) {
  std::unordered_set<base::RddId> found;
  for (const base::RddId id : parents_first) {
    const protocol::RddSpec& rdd = lineage.at(id);
    bool barrier = rdd.barrier;
    for (const protocol::Dependency& dependency : rdd.dependencies) {
      if (dependency.kind == protocol::DependencyKind::shuffle) continue;
      barrier |= found.contains(dependency.parent);
    }
    if (barrier) found.insert(id);
  }
  return found;
}

}  // namespace

std::optional<std::vector<std::pair<std::uint32_t, WorkerKey>>> plan_gang(
    std::vector<GangTask> tasks, std::vector<FreeWorker> free) {
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const GangTask& a, const GangTask& b) { return choice(a) < choice(b); });
  std::vector<std::pair<std::uint32_t, WorkerKey>> plan;
  std::size_t next = 0;
  for (const GangTask& task : tasks) {
    std::size_t tried = 0;
    while (tried < free.size() && !fits(task, free[next % free.size()])) {
      ++next;
      ++tried;
    }
    if (tried == free.size()) return std::nullopt;
    FreeWorker& worker = free[next % free.size()];
    --worker.slots;
    plan.emplace_back(task.index, worker.key);
    ++next;  // round robin
  }
  return plan;
}

bool in_barrier(const Lineage& lineage, base::RddId rdd) {
  return barriers(lineage, narrow_closure(lineage, rdd)).contains(rdd);
}

std::string barrier_problem(const Lineage& lineage, base::RddId final_rdd, std::uint32_t tasks,
                            bool dynamic_allocation) {
  const std::vector<base::RddId> stage = narrow_closure(lineage, final_rdd);
  const auto barrier = barriers(lineage, stage);
  if (!barrier.contains(final_rdd)) return {};
  const bool chain = std::all_of(stage.begin(), stage.end(), [&](base::RddId id) {
    const protocol::RddSpec& rdd = lineage.at(id);
    const auto parents =
        std::count_if(rdd.dependencies.begin(), rdd.dependencies.end(), [&](const auto& parent) {
          return parent.kind != protocol::DependencyKind::shuffle &&
                 barrier.contains(parent.parent);
        });
    return rdd.partitions == tasks && parents <= 1;
  });
  if (!chain) {
    return "[SPARK-24820][SPARK-24821]: Barrier execution mode does not allow the following "
           "pattern of RDD chain within a barrier stage: 1. Ancestor RDDs that have different "
           "number of partitions from the resulting RDD (e.g. union_of, coalesce, first, take); a "
           "workaround for first and take is to collect. 2. An RDD that depends on multiple "
           "barrier RDDs (e.g. a zip of two)";
  }
  if (dynamic_allocation) {
    return "[SPARK-24942]: Barrier execution mode does not support dynamic resource allocation "
           "for now. You can disable dynamic resource allocation by setting "
           "volley.dynamicAllocation.enabled to false";
  }
  return {};
}

std::string too_few_slots_text(std::uint32_t tasks, std::uint32_t slots) {
  return fmt::format(
      "[SPARK-24819]: Barrier execution mode does not allow run a barrier stage that requires more "
      "slots than the total number of slots in the cluster currently ({} tasks, {} slots). Please "
      "start the application with more executors or repartition the input to reduce the number of "
      "slots required to run this barrier stage",
      tasks, slots);
}

}  // namespace volley::driver
