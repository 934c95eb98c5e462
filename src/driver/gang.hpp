#pragma once
// Gangs: the tasks of a barrier stage, which start together or not at all. Pure decisions: where
// each of them starts, and which stages cannot be gangs.

#include "driver/lineage.hpp"
#include "driver/worker_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace volley::driver {

struct GangTask {
  std::uint32_t index = 0;
  std::optional<std::uint32_t> node;   ///< the only one where it may run
  std::vector<WorkerKey> only_beside;  ///< not empty: the only workers where it may run
};
struct FreeWorker {
  WorkerKey key;
  std::uint32_t node = 0;
  std::uint32_t slots = 0;  ///< free ones
};

/// A free slot for every task, those with least choice first; nothing when they are too few.
std::optional<std::vector<std::pair<std::uint32_t, WorkerKey>>> plan_gang(
    std::vector<GangTask> tasks, std::vector<FreeWorker> free);

/// Whether computing the RDD, up to the next shuffle, runs a barrier stage.
bool in_barrier(const Lineage& lineage, base::RddId rdd);

/// What forbids a barrier stage of so many tasks that ends in the RDD; empty: nothing.
std::string barrier_problem(const Lineage& lineage, base::RddId final_rdd, std::uint32_t tasks,
                            bool dynamic_allocation);
std::string too_few_slots_text(std::uint32_t tasks, std::uint32_t slots);

}  // namespace volley::driver
