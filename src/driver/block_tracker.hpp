#pragma once
// BlockTracker: which workers hold which cached partitions (the BlockManagerMaster's part).

#include "driver/worker_table.hpp"
#include "protocol/driver_messages.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace volley::driver {

class BlockTracker {
 public:
  void add(const protocol::BlockId& block, const WorkerKey& worker);
  /// Its executor said that it does not have the block any more.
  void remove(const protocol::BlockId& block, const WorkerKey& worker);
  /// Forgets the RDD's blocks and returns the workers that held some.
  std::set<WorkerKey> remove_rdd(base::RddId rdd);
  /// Whether it has held any block since it came: somebody may still be asking it for one.
  bool ever_held(base::ExecutorId executor) const { return ever_held_.contains(executor); }
  /// Returns the blocks that it held.
  std::vector<protocol::BlockId> remove_executor(base::ExecutorId executor);
  /// Of the RDD, held by somebody.
  std::vector<protocol::BlockId> blocks(base::RddId rdd) const;

  /// Empty when nobody holds the block.
  std::vector<WorkerKey> locations(const protocol::BlockId& block) const;
  /// Whether each of the RDD's partitions is cached somewhere.
  bool fully_cached(base::RddId rdd, std::uint32_t partitions) const;
  /// Executors that hold a block of any RDD.
  std::set<base::ExecutorId> holders() const;
  std::size_t size() const;

 private:
  using Locations = std::map<std::uint32_t, std::set<WorkerKey>>;  ///< by partition, never empty
  std::unordered_map<base::RddId, Locations> rdds_;
  std::unordered_set<base::ExecutorId> ever_held_;  ///< until they are removed
};

}  // namespace volley::driver
