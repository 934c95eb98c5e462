#pragma once
// TaskContext: what one running task can reach: its stage's lineage, its inputs, the node arena,
// the cached blocks of its executor, its metrics. Lives on the task's thread for the task's
// duration.
//
// StagePlan is the immutable, resolved form of a StageBinary, shared by the tasks of a stage.

#include "program/accumulators.hpp"
#include "program/block_store.hpp"
#include "program/broadcast_copy.hpp"
#include "program/task_group.hpp"
#include "program/task_listeners.hpp"
#include "protocol/driver_messages.hpp"
#include "storage/memory_manager.hpp"
#include "storage/node_arena.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace volley::program {

class TaskContext;

/// Computes one partition of an RDD into a BatchSink<T>* of the RDD's record type.
using ComputeFunction = void (*)(TaskContext&, base::RddId, std::uint32_t partition, void* sink);
/// Runs a task on one partition of `rdd`: a shuffle's map task or an action's share.
using TaskFunction = void (*)(TaskContext&, base::RddId, std::uint32_t partition,
                              std::span<const std::byte> captures, protocol::Bytes& result);

class StagePlan {
 public:
  /// Resolves every function of the stage; fails when this process runs another build.
  static base::Result<std::shared_ptr<const StagePlan>> make(
      std::shared_ptr<const protocol::StageBinary> binary);

  const protocol::StageBinary& binary() const { return *binary_; }
  const protocol::RddSpec& rdd(base::RddId id) const { return *node(id).spec; }
  ComputeFunction compute(base::RddId id) const { return node(id).compute; }
  bool persisted(base::RddId id) const { return node(id).persisted; }
  /// How the blocks of a persisted RDD are kept.
  const BlockForm& form(base::RddId id) const { return node(id).form; }
  TaskFunction task() const { return task_; }

 private:
  struct Node {
    const protocol::RddSpec* spec = nullptr;
    ComputeFunction compute = nullptr;
    bool persisted = false;
    BlockForm form = {};
  };
  const Node& node(base::RddId id) const {
    const auto found = nodes_.find(id);
    VOLLEY_CHECK(found != nodes_.end(), "RDD {} is not part of this stage", id);
    return found->second;
  }

  std::shared_ptr<const protocol::StageBinary> binary_;
  std::unordered_map<base::RddId, Node> nodes_;
  TaskFunction task_ = nullptr;
};

/// A shuffle input was not where the driver said, or damaged; the map stage has to run again.
class FetchFailed : public std::runtime_error {
 public:
  FetchFailed(protocol::ShuffleInput input, const std::string& what,
              std::vector<std::uint32_t> damaged = {})
      : std::runtime_error(what), input_(input), damaged_(std::move(damaged)) {}
  const protocol::ShuffleInput& input() const { return input_; }
  /// Map partitions whose output is damaged; empty: the input is gone.
  const std::vector<std::uint32_t>& damaged() const { return damaged_; }

 private:
  protocol::ShuffleInput input_;
  std::vector<std::uint32_t> damaged_;
};

/// The driver does not want the task's result any more.
class TaskStopped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Another attempt at the task may publish the output.
class CommitDenied : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What an executor offers to its tasks; safe to use from every task thread.
class TaskServices {
 public:
  virtual ~TaskServices() = default;
  /// The chunks of a reduce partition, by map partition; blocks until the holder answers. Throws
  /// FetchFailed when the holder does not have them.
  virtual std::vector<protocol::Chunk> list_chunks(const protocol::ShuffleInput& input) = 0;
  /// Whether this attempt may publish its output: only one at a time may. Blocks until the driver
  /// answers.
  virtual bool may_commit(const protocol::TaskAttempt&) { return true; }
  /// Blocks until all tasks of the stage attempt are there; throws TaskStopped once `stop` is set.
  virtual protocol::BarrierPassed wait_at_barrier(protocol::BarrierReached,
                                                  const std::atomic<bool>& /*stop*/) {
    throw std::logic_error("no barriers here");
  }
  /// A part of a cached partition that another executor holds. Blocks until it answers, or is gone;
  /// throws TaskStopped once `stop` is set.
  virtual protocol::BlockPartSent fetch_block_part(const protocol::Address& /*holder*/,
                                                   protocol::BlockPartRequested /*part*/,
                                                   const std::atomic<bool>& /*stop*/) {
    return {};
  }
  /// A broadcast of this application's attempt; blocks until the node has it. Throws TaskStopped
  /// once `stop` is set, std::runtime_error when it cannot be had.
  virtual std::shared_ptr<const BroadcastCopy> broadcast(std::uint32_t /*number*/,
                                                         const std::atomic<bool>& /*stop*/) {
    throw std::logic_error("no broadcasts here");
  }
  /// Communicators for the tasks of barrier stages; null where tasks are not threads of a rank.
  virtual GroupCommunicators* communicators() { return nullptr; }
  /// The task begins to wait for others inside the MPI library, where it sees no stop flag.
  virtual void enter_group(const protocol::TaskAttempt&, const std::atomic<bool>& /*stop*/) {}
  virtual void leave_group(base::TaskId) {}
  /// Where tasks of this executor open an added file; `bytes` gives its content when it is not
  /// there yet. Throws std::runtime_error when it cannot be kept.
  virtual std::string keep_file(const std::string& /*name*/,
                                const std::function<std::span<const std::byte>()>& /*bytes*/) {
    throw std::logic_error("no added files here");
  }
  virtual storage::NodeArena& arena() = 0;
  /// Owner of arena slabs while this executor's tasks write them.
  virtual storage::NodeArena::Owner arena_owner() const = 0;
  /// The memory that tasks share (see MemoryShare); null when each has a fixed task_memory().
  virtual storage::MemoryManager* memory() { return nullptr; }
  /// Bytes that a task may have in hash tables and buffers before it moves them to disk, at most.
  virtual std::uint64_t task_memory() const { return UINT64_MAX; }
  /// Whether what tasks write gets checksums.
  virtual bool checksums() const { return true; }
  virtual BlockStore& blocks() = 0;
  virtual const std::vector<std::pair<std::string, std::string>>& configuration() const = 0;
};

class TaskContext {
 public:
  TaskContext(TaskServices& services, std::shared_ptr<const StagePlan> plan,
              const protocol::TaskLaunched& task, const std::atomic<bool>& stop)
      : services_(services),
        plan_(std::move(plan)),
        task_(task),
        stop_(stop),
        outer_(std::exchange(current_, this)) {}
  ~TaskContext() { current_ = outer_; }
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  /// Of the task that runs on the calling thread; null when none does. What handles of shared
  /// variables start from.
  static TaskContext* current() { return current_; }

  const StagePlan& plan() const { return *plan_; }
  /// Whether the program has had RDDs kept, whose blocks may use memory.
  bool keeps_blocks() const { return plan_ && plan_->binary().keeps_blocks; }
  /// Its partition is the number of what a map task writes.
  const protocol::TaskAttempt& attempt() const { return task_.attempt; }
  /// What the task computes, or a part of that.
  std::uint32_t partition() const { return task_.partition(); }
  TaskServices& services() { return services_; }
  protocol::TaskMetrics& metrics() { return metrics_; }

  /// The payload of a source partition. It was sent with the task, or this is a bug.
  const protocol::Bytes& payload(base::RddId rdd, std::uint32_t partition) const;
  /// The chunks of this task's share of a shuffle.
  std::vector<protocol::Chunk> chunks(base::ShuffleNumber shuffle, std::uint32_t partition);

  /// Checks a chunk that was read back from disk; call before its first record is used. Throws
  /// FetchFailed for a damaged map output, std::runtime_error for what this task wrote itself.
  void check(const protocol::Chunk& chunk) {
    if (chunk.checksum != 0 && services_.arena().on_disk(chunk.offset)) check_on_disk(chunk);
  }

  const std::atomic<bool>& stop_flag() const { return stop_; }
  /// Throws TaskStopped once the driver asked the task to stop; cheap, called between batches.
  void check_stop() const {
    if (stop_.load(std::memory_order_relaxed)) throw TaskStopped("the task was asked to stop");
  }

  /// To be called right before a task publishes its output; throws CommitDenied.
  void check_commit() {
    check_stop();
    if (services_.may_commit(task_.attempt)) return;
    throw CommitDenied("TaskCommitDenied: another attempt at this task publishes its output");
  }

  /// Waits for the other tasks of a barrier stage, and returns what each brought, by partition.
  /// Throws std::runtime_error when they do not come together.
  std::vector<std::shared_ptr<const protocol::Bytes>> barrier(std::string operation,
                                                              protocol::Bytes message);
  /// Points to the MPI_Comm of the stage's tasks, which all have to ask for it; the same one every
  /// time. Throws TaskRefused where there can be none.
  const void* group_communicator();
  /// Frees it once all tasks have come here.
  void leave_group();

  /// Consumers that hold views of recent records register here; sources call views_expire() before
  /// they reuse the memory that the views point into.
  void on_views_expire(const void* owner, std::function<void()> flush);
  void forget_views(const void* owner);
  void views_expire() {
    if (!flushes_.empty()) flush_views();
  }

  /// Whether the task should read a partition from its cached block, or make that. A task that may
  /// end early makes no block.
  bool keeps(base::RddId rdd, std::uint32_t partition) const {
    return plan_->persisted(rdd) && (!ends_early_ || services_.blocks().has({rdd, partition}) ||
                                     !holders({rdd, partition}).empty());
  }
  /// Other executors that have the block, as far as the driver knew when it sent the task.
  std::vector<protocol::Address> holders(const protocol::BlockId& block) const {
    std::vector<protocol::Address> found;
    for (const protocol::BlockInput& input : task_.blocks) {
      if (input.block == block) found.push_back(input.holder);
    }
    return found;
  }
  void may_end_early() { ends_early_ = true; }

  /// A source that can jump reads only about so many bytes, evenly spread over its share, while
  /// this is not 0, and tells which part of its share that was.
  std::uint64_t sampled_bytes() const { return sampled_bytes_; }
  void sample(std::uint64_t bytes) { sampled_bytes_ = bytes; }
  void note_sampled_part(double part) { sampled_part_ = part; }
  double sampled_part() const { return sampled_part_; }

  TaskAccumulators& accumulators() { return accumulators_; }
  TaskListeners& listeners() { return listeners_; }
  /// The broadcast, which stays readable until the task ends.
  const BroadcastCopy& broadcast(std::uint32_t number) {
    if (!broadcasts_.empty() && broadcasts_.back().first == number) {
      return *broadcasts_.back().second;
    }
    return find_broadcast(number);
  }

  /// Keeps something alive until the task ends.
  void keep(std::shared_ptr<const void> object) { kept_.push_back(std::move(object)); }

  /// Blocks that this task put into the executor's store.
  void note_cached(protocol::BlockId block) { cached_.push_back(block); }
  std::vector<protocol::BlockId> take_cached() { return std::move(cached_); }

  /// What the task wrote to the arena, reported to the rank's shuffle service on success.
  void set_map_output(protocol::MapOutputWritten output) {
    map_output_ = std::make_unique<protocol::MapOutputWritten>(std::move(output));
  }
  std::unique_ptr<protocol::MapOutputWritten> take_map_output() { return std::move(map_output_); }

 private:
  const BroadcastCopy& find_broadcast(std::uint32_t number);
  void check_on_disk(const protocol::Chunk& chunk);
  void flush_views();

  TaskServices& services_;
  std::shared_ptr<const StagePlan> plan_;
  const protocol::TaskLaunched& task_;
  const std::atomic<bool>& stop_;
  protocol::TaskMetrics metrics_;
  std::vector<std::pair<const void*, std::function<void()>>> flushes_;
  std::uint64_t barriers_passed_ = 0;
  bool ends_early_ = false;
  std::uint64_t sampled_bytes_ = 0;
  double sampled_part_ = 1;
  std::vector<std::shared_ptr<const void>> kept_;
  std::vector<protocol::BlockId> cached_;
  TaskAccumulators accumulators_;
  TaskListeners listeners_;
  std::unique_ptr<GroupCommunicator> group_;
  /// By number; the one that was used last is the last.
  std::vector<std::pair<std::uint32_t, std::shared_ptr<const BroadcastCopy>>> broadcasts_;
  TaskContext* outer_;  ///< tasks in tasks: only tests have them
  static constinit thread_local TaskContext* current_;
  std::unique_ptr<protocol::MapOutputWritten> map_output_;
};

}  // namespace volley::program
