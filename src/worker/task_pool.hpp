#pragma once
// TaskPool: the task threads of one executor process. Each thread owns its task; everything that a
// task tells the executor's loop thread goes through one queue of events, and the loop is woken.
// The pool also serves the tasks' requests for chunk lists: the asking thread waits for the answer,
// unless the loop thread asked for it when the task came (expect).

#include "program/block_transfer.hpp"
#include "program/broadcast_table.hpp"
#include "program/file_table.hpp"
#include "program/task_context.hpp"
#include "protocol/driver_messages.hpp"
#include "worker/group_watch.hpp"
#include "worker/task_runner.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace volley::worker {

class TaskPool final : public program::TaskServices, public TaskRunner {
 public:
  struct Options {
    std::uint32_t threads = 1;
    /// For tables and buffers of tasks and for cached blocks, and what of it tasks leave to blocks.
    std::uint64_t memory = storage::MemoryManager::unlimited;
    std::uint64_t protected_storage = 0;
    bool checksums = true;  ///< of what tasks write
    storage::NodeArena::Owner arena_owner = 0;
    std::vector<std::pair<std::string, std::string>> configuration;
    std::string scratch = "/tmp";  ///< for added files
    /// Wakes the loop thread; called from task threads.
    std::function<void()> wake;
    /// For tasks of barrier stages; null where tasks are not threads of a rank.
    program::GroupCommunicators* communicators = nullptr;
    /// How long a task with a communicator may go on when it should stop, and whom to tell then.
    base::Duration group_patience = base::Duration::max();
    std::function<void(const std::string& why)> give_up;
  };

  TaskPool(Options options, storage::NodeArena& arena);
  /// Waits for running tasks; queued ones are dropped.
  ~TaskPool() override;

  void submit(TaskJob job) override;
  std::uint64_t expect(const protocol::ShuffleInput& input) override;
  std::vector<protocol::TaskAttempt> withdraw(const std::vector<base::TaskId>& tasks) override;
  void answer(protocol::PartitionListed answer) override;
  void answer_commit(base::TaskId task, bool allowed) override;
  void answer_barrier(protocol::BarrierPassed answer) override;
  void answer_broadcast(const protocol::BroadcastLocated& answer, base::Rank holder) override {
    broadcasts_.located(answer, holder);
  }
  void release_broadcast(std::uint32_t number) override { broadcasts_.release(number); }
  void wake(base::TaskId task) override;
  std::optional<TaskEvent> next_event() override;
  void remove_blocks(base::RddId rdd) override { blocks_.remove(rdd); }
  // Cached partitions of other executors: task_pool_blocks.cpp.
  protocol::BlockPartSent block_part(const protocol::BlockPartRequested& wanted) override;
  void answer_block(protocol::BlockPartSent answer) override;
  bool has_block(const protocol::BlockId& block) const override { return blocks_.has(block); }
  bool add_to_copy(const protocol::BlockCopyRequested& copy, protocol::BlockPartSent part) override;
  void drop_copy(const protocol::BlockId& block) override { copies_.erase(block); }
  /// Gives up when a task does not come back from the MPI library. On the loop thread.
  void look_for_stuck(base::TimePoint now);
  /// Running tasks see their stop flags; waiting ones fail at once. No answers will come any more.
  void shut_down();

  std::vector<protocol::Chunk> list_chunks(const protocol::ShuffleInput& input) override;
  bool may_commit(const protocol::TaskAttempt& attempt) override;
  protocol::BarrierPassed wait_at_barrier(protocol::BarrierReached reached,
                                          const std::atomic<bool>& stop) override;
  protocol::BlockPartSent fetch_block_part(const protocol::Address& holder,
                                           protocol::BlockPartRequested part,
                                           const std::atomic<bool>& stop) override;
  std::shared_ptr<const program::BroadcastCopy> broadcast(std::uint32_t number,
                                                          const std::atomic<bool>& stop) override;
  program::GroupCommunicators* communicators() override { return options_.communicators; }
  void enter_group(const protocol::TaskAttempt& attempt, const std::atomic<bool>& stop) override;
  void leave_group(base::TaskId task) override;
  std::string keep_file(const std::string& name,
                        const std::function<std::span<const std::byte>()>& bytes) override {
    return files_.path_of(name, bytes);
  }
  storage::NodeArena& arena() override { return arena_; }
  storage::NodeArena::Owner arena_owner() const override { return options_.arena_owner; }
  storage::MemoryManager* memory() override { return &memory_; }
  std::uint64_t task_memory() const override;
  bool checksums() const override { return options_.checksums; }
  program::BlockStore& blocks() override { return blocks_; }
  const std::vector<std::pair<std::string, std::string>>& configuration() const override {
    return options_.configuration;
  }

 private:
  using Input = std::tuple<base::ShuffleNumber, std::uint32_t, base::Rank>;
  struct Answer {
    std::optional<protocol::PartitionListed> listed;
    bool awaited = false;  ///< by a task thread
  };

  void work();
  std::uint64_t request_for(const protocol::ShuffleInput& input);
  void drop_expected(const TaskJob& job);
  TaskEnded run(const TaskJob& job);
  void call(program::TaskContext& context, const TaskJob& job, TaskEnded& ended) const;
  void report(program::TaskContext& context, protocol::TaskFinished& finished);
  void post(TaskEvent event);
  void give_up(base::TaskId task) const;
  void wait_for_groups();

  Options options_;
  storage::NodeArena& arena_;
  storage::MemoryManager memory_;
  storage::DiskPieces disk_;
  program::BlockStore blocks_{&memory_, &disk_};
  program::BroadcastTable broadcasts_;
  program::FileTable files_{options_.scratch};

  std::map<protocol::BlockId, program::BlockCopy> copies_;  ///< in the making; loop thread only

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  GroupWatch groups_;
  std::deque<TaskJob> queue_;
  std::deque<TaskEvent> events_;
  std::uint64_t next_request_ = 0;
  std::unordered_map<base::TaskId, std::optional<bool>> commits_;  ///< asked for, and the answer
  std::unordered_map<base::TaskId, std::optional<protocol::BarrierPassed>> barriers_;
  std::unordered_map<std::uint64_t, Answer> answers_;  ///< by request
  std::unordered_map<std::uint64_t, std::optional<protocol::BlockPartSent>> block_parts_;
  std::map<Input, std::vector<std::uint64_t>> expected_;
  std::unordered_map<std::uint64_t, Input> expected_inputs_;  ///< the same, by request
  std::vector<std::thread> threads_;
};

}  // namespace volley::worker
