#pragma once
// Driver: the role that runs an application's jobs on its executors. It owns the parts of this
// directory, hands each message to the one concerned, and lets them settle. One thread, no clock:
// the time is what tick() and advance() said last.

#include "base/log.hpp"
#include "driver/block_copies.hpp"
#include "driver/block_tracker.hpp"
#include "driver/dag_scheduler.hpp"
#include "driver/event_feed.hpp"
#include "driver/exchange_planner.hpp"
#include "driver/executor_allocation.hpp"
#include "driver/executor_startup.hpp"
#include "driver/options.hpp"
#include "driver/shuffle_tracker.hpp"
#include "driver/stage_statistics.hpp"
#include "driver/task_scheduler.hpp"
#include "driver/worker_table.hpp"
#include "protocol/outbox.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace volley::driver {

class Driver {
 public:
  /// `log` must outlive the driver.
  Driver(Options options, const base::Log& log);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Asks the AM for executors; ExecutorsReady goes to the program when enough have registered.
  void start(const protocol::ExecutorsRequested& request, protocol::Outbox& outbox);

  void on(const protocol::JobSubmitted&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::JobCancelRequested&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::JobGroupCancelRequested&, const protocol::Address& from,
          protocol::Outbox&);
  void on(const protocol::TaggedJobsCancelRequested&, const protocol::Address& from,
          protocol::Outbox&);
  void on(const protocol::AllJobsCancelRequested&, const protocol::Address& from,
          protocol::Outbox&);
  void on(const protocol::StageCancelRequested&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::RddUnpersisted&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ShuffleForgotten&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ProgramFinished&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ExecutorsNegotiated&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ExecutorLaunched&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ExecutorRegistered&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ExecutorHeartbeat&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ExecutorLost&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ExecutorDecommissioned&, const protocol::Address& from,
          protocol::Outbox&);
  void on(const protocol::RankDataLost&, const protocol::Address& from, protocol::Outbox&);
  void on(protocol::TaskFinished, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::CommitRequested&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::BlockCopied&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::BarrierReached&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::BroadcastCreated&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::BroadcastForgotten&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::DrainRequested&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::TaskAttemptKillRequested&, const protocol::Address& from,
          protocol::Outbox&);
  void on(const protocol::EventsRequested&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ShuffleSizes&, const protocol::Address& from, protocol::Outbox&);
  void on(const protocol::ExchangeFinished&, const protocol::Address& from, protocol::Outbox&);
  /// Delivers any message; those for other roles are counted and dropped.
  void on(const protocol::Message& message, const protocol::Address& from, protocol::Outbox&);
  void tick(base::TimePoint now, protocol::Outbox& outbox);
  /// The time of the messages that follow, between ticks; without it theirs is the last tick's.
  void advance(base::TimePoint now) {
    if (ticked_) now_ = now;
  }

  const Summary& summary() const { return statistics_.summary(); }
  Progress progress() const { return statistics_.progress(scheduler_); }
  /// No job, and nothing left of any: every table about jobs, stages, tasks and exchanges is empty.
  bool idle() const;
  bool stopped() const { return state_ == State::stopped; }
  std::uint64_t late_messages() const;
  const TaskScheduler& scheduler() const { return scheduler_; }
  std::size_t known_shuffles() const { return shuffles_.size(); }
  std::size_t cached_blocks() const { return blocks_.size(); }
  /// Copies of cached partitions that are being made.
  std::size_t pending_copies() const { return copies_.pending(); }

 private:
  enum class State : std::uint8_t { created, running, stopped };

  /// False, and counted, when the program is over.
  bool accepts();
  void settle(Turn& turn);
  /// Hands a program's message to the DagScheduler.
  template <class M>
  void to_dag(const M& message, protocol::Outbox& outbox);
  void end_drain(Turn& turn);
  void release_leaving(Turn& turn);
  void report_added(base::ExecutorId executor, Turn& turn) const;
  void report_removed(base::ExecutorId executor, const std::vector<Worker>& removed,
                      const std::string& reason, Turn& turn) const;
  void lose_blocks(base::ExecutorId executor, const std::vector<Worker>& removed, Turn& turn);
  void lose_executor(base::ExecutorId executor, bool caused_by_application,
                     const std::string& reason, Turn& turn);
  void check_heartbeats(Turn& turn);
  void check_starvation(Turn& turn);
  void report_progress(Turn& turn);
  // Dynamic allocation: driver_allocation.cpp.
  protocol::ExecutorsRequested first_request(protocol::ExecutorsRequested request) const;
  ExecutorAllocation::Load load() const;
  std::vector<ExecutorAllocation::Use> uses() const;
  void adapt_executors(Turn& turn);
  void release(const std::vector<base::ExecutorId>& executors, Turn& turn);
  void check_expected(Turn& turn);

  const Options options_;
  const base::Log& log_;
  ShuffleTracker shuffles_;
  BlockTracker blocks_;
  WorkerTable workers_;
  BlockCopies copies_{blocks_, workers_};
  StageStatistics statistics_;
  EventFeed events_;
  ExchangePlanner planner_;
  TaskScheduler scheduler_;
  DagScheduler dag_;
  ExecutorStartup startup_;
  ExecutorAllocation allocation_;
  protocol::ExecutorsRequested request_;  ///< the last one to the AM
  base::TimePoint next_adaptation_{};
  State state_ = State::created;
  base::TimePoint now_{};
  base::TimePoint starving_since_{};
  base::TimePoint next_warning_{};
  base::TimePoint next_report_{};
  base::TimePoint last_tick_{};
  bool ticked_ = false;  ///< now_ is a real time
  bool starving_ = false;
  float reported_progress_ = 0;
  std::map<base::ExecutorId, base::TimePoint> leaving_;  ///< since when, until told to stop
  std::string drain_reason_;                             ///< empty: the run is not being drained
  base::Duration drain_grace_{};
  base::TimePoint drain_until_{};  ///< after that, jobs fail; set by a tick
  std::string reported_stages_;
  std::uint64_t late_ = 0;
};

}  // namespace volley::driver
