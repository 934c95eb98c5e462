#pragma once
// BlockCopies: keeps as many copies of cached partitions as their storage level says, on different
// nodes where there are others, else on different executors. Asks a worker to copy a block from one
// that holds it, when a task has made it, and again when a holder is lost. A worker that had no
// room is not asked again for that block.

#include "driver/block_tracker.hpp"
#include "driver/options.hpp"
#include "driver/worker_table.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace volley::driver {

/// Who should get the next copy of a block that `holders` have: on a node without one if there is
/// such a worker, chosen by the block, so that copies spread. Nobody: all have been ruled out.
std::optional<WorkerKey> choose_copy(const protocol::BlockId& block,
                                     const std::set<WorkerKey>& holders,
                                     const std::set<WorkerKey>& ruled_out,
                                     const WorkerTable& workers);

class BlockCopies {
 public:
  BlockCopies(BlockTracker& blocks, const WorkerTable& workers)
      : blocks_(blocks), workers_(workers) {}

  /// How RDDs of a job are kept.
  void want(const std::vector<protocol::StoredRdd>& stored);
  /// The block is held by somebody: asks for what is missing.
  void fill(const protocol::BlockId& block, Turn& turn);
  /// A worker has come, which may take copies.
  void fill_all(Turn& turn);
  void on(const protocol::BlockCopied& message, Turn& turn);
  void forget(base::RddId rdd);
  /// After its workers and blocks were removed; `lost` are those that it held.
  void executor_lost(base::ExecutorId executor, const std::vector<protocol::BlockId>& lost,
                     Turn& turn);
  /// Copies that are being made.
  std::size_t pending() const { return pending_.size(); }

 private:
  using Copy = std::pair<protocol::BlockId, WorkerKey>;
  std::set<WorkerKey> targets(const std::map<Copy, WorkerKey>& copies,
                              const protocol::BlockId& block) const;

  BlockTracker& blocks_;
  const WorkerTable& workers_;
  std::unordered_map<base::RddId, protocol::StoredRdd> wanted_;  ///< with more than one copy
  std::map<Copy, WorkerKey> pending_;                            ///< and whom it is copied from
  std::map<Copy, WorkerKey> refused_;                            ///< the same
};

}  // namespace volley::driver
