#pragma once
// Where tasks may run as far as failures go: LiveExecutors says what the application's health
// record leaves of the live workers, by node; UsablePlaces what a task set's own record leaves of
// these. Made when something has changed, and thrown away. Pure.

#include "driver/exclusion.hpp"
#include "driver/health_tracker.hpp"
#include "driver/placement.hpp"
#include "driver/worker_table.hpp"

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace volley::driver {

class LiveExecutors {
 public:
  struct Entry {
    base::ExecutorId executor = 0;
    std::uint32_t slots = 0;
    bool usable = true;
  };
  LiveExecutors(const WorkerTable& workers, const HealthTracker& health);
  /// Those with slots, by node.
  const std::map<std::uint32_t, std::vector<Entry>>& nodes() const { return nodes_; }

 private:
  std::map<std::uint32_t, std::vector<Entry>> nodes_;
};

class UsablePlaces {
 public:
  /// A task of the set; only one that has `failed` may have a record of its own.
  struct Which {
    std::uint32_t index = 0;
    bool failed = false;
  };
  /// Both must outlive it.
  UsablePlaces(const LiveExecutors& live, const TaskSetExclusion& exclusion);

  bool live(std::uint32_t node) const { return usable_.contains(node); }
  bool on_executor(base::ExecutorId executor, std::uint32_t node, Which task) const;
  bool on_node(std::uint32_t node, Which task) const;
  bool anywhere(Which task) const;
  /// Live nodes where no executor may run the task; those without a live executor are not among
  /// them.
  AvoidedNodes avoided(Which task) const;
  /// Of all executors that the set may use.
  std::uint64_t slots() const { return slots_; }
  bool empty() const { return usable_.empty(); }

 private:
  const LiveExecutors& live_;
  const TaskSetExclusion& exclusion_;
  std::unordered_map<std::uint32_t, bool>
      usable_;            ///< by live node, for tasks that have not failed
  AvoidedNodes avoided_;  ///< by these
  std::uint64_t slots_ = 0;
};

}  // namespace volley::driver
