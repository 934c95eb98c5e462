#pragma once
// TaskRunner: where an executor's tasks run, as the executor role sees it. Behind it are task
// threads (TaskPool) or, in simulations, made-up task bodies. Called on the executor's loop thread.

#include "program/task_context.hpp"
#include "protocol/driver_messages.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace volley::worker {

/// A task to run. `stop` is shared with the executor, which sets it when the driver asks.
struct TaskJob {
  std::shared_ptr<const program::StagePlan> plan;
  protocol::TaskLaunched launched;
  std::shared_ptr<std::atomic<bool>> stop;
  std::vector<std::uint64_t> expected = {};  ///< requests made for it by TaskRunner::expect
};

/// A task has ended; `map_output` is to be published first when it succeeded.
struct TaskEnded {
  protocol::TaskFinished finished;
  std::unique_ptr<protocol::MapOutputWritten> map_output;
};
/// A task wants the chunk list of an input; answered by TaskRunner::answer.
struct ChunksWanted {
  std::uint64_t request = 0;
  protocol::ShuffleInput input;
};
/// A task has written its output and wants to publish it; answered by TaskRunner::answer_commit.
struct CommitWanted {
  protocol::TaskAttempt attempt;
};
/// A task of a barrier stage waits for the others; answered by TaskRunner::answer_barrier.
struct BarrierWanted {
  protocol::BarrierReached reached;
};
/// A task wants a part of a cached partition of another executor; answered by
/// TaskRunner::answer_block.
struct BlockWanted {
  protocol::Address holder;
  protocol::BlockPartRequested part;
};
/// A task wants a broadcast; answered by TaskRunner::answer_broadcast.
struct BroadcastAsked {
  std::uint32_t number = 0;
};
/// No task reads the copy of a broadcast any more that the service of `holder` had located.
struct BroadcastLetGo {
  std::uint32_t number = 0;
  base::Rank holder = base::no_rank;
};
using TaskEvent = std::variant<TaskEnded, ChunksWanted, CommitWanted, BarrierWanted, BroadcastAsked,
                               BroadcastLetGo, BlockWanted>;

class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  virtual void submit(TaskJob job) = 0;
  /// A request for the chunk list of an input of a task that will be submitted; to be sent.
  virtual std::uint64_t expect(const protocol::ShuffleInput& input) = 0;
  /// Takes tasks back that have not begun; those that have are left out.
  virtual std::vector<protocol::TaskAttempt> withdraw(const std::vector<base::TaskId>& tasks) = 0;
  virtual void answer(protocol::PartitionListed answer) = 0;
  virtual void answer_commit(base::TaskId task, bool allowed) = 0;
  virtual void answer_barrier(protocol::BarrierPassed answer) = 0;
  virtual void answer_broadcast(const protocol::BroadcastLocated& /*answer*/,
                                base::Rank /*holder*/) {}
  /// Tasks that want it from now on have to ask.
  virtual void release_broadcast(std::uint32_t /*number*/) {}
  /// The task's stop flag was set: it may be waiting where it does not look at it.
  virtual void wake(base::TaskId task) = 0;
  /// The next event for the loop thread, if any.
  virtual std::optional<TaskEvent> next_event() = 0;
  virtual void remove_blocks(base::RddId rdd) = 0;

  // Cached partitions that other executors want, or have. Without them, there are none.
  virtual protocol::BlockPartSent block_part(const protocol::BlockPartRequested& wanted) {
    protocol::BlockPartSent none;
    none.request = wanted.request;
    return none;
  }
  virtual void answer_block(protocol::BlockPartSent) {}
  virtual bool has_block(const protocol::BlockId&) const { return false; }
  /// The next part of a copy in the making; false: it cannot be kept, and what there was is gone.
  virtual bool add_to_copy(const protocol::BlockCopyRequested&, protocol::BlockPartSent) {
    return false;
  }
  virtual void drop_copy(const protocol::BlockId&) {}
};

}  // namespace volley::worker
