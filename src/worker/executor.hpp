#pragma once
// Executor: the role that runs tasks, one per member process of an executor container. It registers
// with the driver, sends heartbeats, keeps the resolved plans of the stages that are running, and
// hands tasks to its pool. On the loop thread of its container.

#include "base/log.hpp"
#include "base/units.hpp"
#include "protocol/outbox.hpp"
#include "worker/task_runner.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace volley::worker {

class Executor {
 public:
  struct Options {
    protocol::ExecutorRegistered registration;
    protocol::Address driver;
    base::ApplicationId application;
    std::uint32_t attempt = 1;  ///< of the application
    base::Duration heartbeat_interval = std::chrono::seconds{10};
  };

  Executor(Options options, TaskRunner& pool, const base::Log& log)
      : options_(std::move(options)), pool_(pool), log_(log) {}

  void start(protocol::Outbox& out);
  void tick(base::TimePoint now, protocol::Outbox& out);
  /// Takes what the task threads reported; returns whether there was anything.
  bool pump_tasks(protocol::Outbox& out);
  /// The driver wants this process to end.
  bool stopped() const { return stopped_; }

  void on(const protocol::ExecutorAccepted& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::StageDefined& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::StageForgotten& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::TaskLaunched& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::TaskKillRequested& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::TasksReturnRequested& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::BlocksRemoved& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::ExecutorStopRequested& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::HolderLost& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::PartitionListed& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::BarrierPassed& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::BlockPartRequested& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::BlockPartSent& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::BlockCopyRequested& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::BlockHolderLost& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::BroadcastLocated& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::BroadcastReleaseRequested& message, const protocol::Address& from,
          protocol::Outbox& out);
  void on(const protocol::CommitAnswered& message, const protocol::Address& from,
          protocol::Outbox& out);

 private:
  using StageKey = std::pair<base::StageId, std::uint32_t>;
  /// A plan, or why there is none.
  struct Stage {
    std::shared_ptr<const program::StagePlan> plan;
    std::string error;
  };
  /// Requests for copies are numbered from here on; those of tasks are below.
  static constexpr std::uint64_t first_copy = std::uint64_t{1} << 63U;

  struct Running {
    std::shared_ptr<std::atomic<bool>> stop;
    base::ShuffleNumber shuffle = 0;
  };

  void finish(TaskEnded&& ended, protocol::Outbox& out);
  void ask_for_chunks(const protocol::ShuffleInput& input, std::uint64_t request,
                      protocol::Outbox& out);
  void ask_for_block(const protocol::Address& holder, const protocol::BlockPartRequested& part,
                     protocol::Outbox& out);
  void block_part_came(protocol::BlockPartSent part, protocol::Outbox& out);
  void end_copy(const protocol::BlockId& block, bool held, protocol::Outbox& out);
  void ask_for_broadcast(std::uint32_t number, base::Rank where, protocol::Outbox& out);
  void refuse(const protocol::TaskAttempt& attempt, std::string why, protocol::Outbox& out);

  Options options_;
  TaskRunner& pool_;
  const base::Log& log_;
  bool stopped_ = false;
  base::TimePoint next_heartbeat_{};
  std::map<StageKey, Stage> stages_;
  std::unordered_map<base::TaskId, Running> running_;
  std::set<base::Rank> lost_holders_;
  std::set<protocol::Address> lost_block_holders_;
  /// Parts of cached partitions that were asked for, by tasks (their request) and for copies.
  std::map<std::uint64_t, protocol::Address> blocks_asked_;
  std::map<std::uint64_t, protocol::BlockCopyRequested> copies_;  ///< by request
  std::uint64_t next_copy_ = first_copy;
  std::map<std::uint64_t, base::Rank> asked_;  ///< requests for chunk lists, and who has them
  std::map<std::uint32_t, base::Rank> asked_broadcasts_;  ///< and who was asked
};

}  // namespace volley::worker
