#pragma once
// TaskScheduler: gives tasks to free slots, retries failed ones, and says how each attempt ended.
// Task sets are served in the order of their pools; one task per free slot, round robin over
// workers, and some ahead of the slots when tasks are tiny. What ended is collected and taken by
// the DagScheduler after each message. The decisions are elsewhere: which set (pools), how near
// (locality), where not (exclusion, health_tracker), which twice (speculation), all at once (gang),
// who publishes (commit_coordinator).

#include "base/log.hpp"
#include "driver/barrier_coordinator.hpp"
#include "driver/block_tracker.hpp"
#include "driver/commit_coordinator.hpp"
#include "driver/event_feed.hpp"
#include "driver/failure_text.hpp"
#include "driver/health_tracker.hpp"
#include "driver/options.hpp"
#include "driver/pools.hpp"
#include "driver/shuffle_tracker.hpp"
#include "driver/task_set.hpp"
#include "driver/worker_table.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace volley::driver {

/// How one attempt ended, as far as stages are concerned.
struct TaskEnd {
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::uint32_t index = 0;
  std::uint32_t partition = 0;
  WorkerKey worker;
  base::Rank rank = base::no_rank;
  std::string host;
  base::Duration duration{};
  /// As reported; made up (only the outcome and the error) when the executor was lost.
  protocol::TaskFinished report;
  bool dropped = false;      ///< it had been asked to stop: only its cached blocks count
  bool gang_broken = false;  ///< its barrier set is over with it
  std::string abort;         ///< not empty: the task failed too often, and the text for the user
};

/// Waiting tasks that no executor may run where their data lies. For a stage whose tasks start
/// together: it has such tasks, or more on a node than slots.
struct HomelessTasks {
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::vector<HomelessTask> tasks;
};

/// A stage whose tasks cannot run, and the text for the user.
struct SetAbort {
  base::StageId stage = 0;
  std::string reason;
};

struct SchedulerCounts {
  std::uint64_t launched = 0;
  std::uint64_t copies = 0;    ///< of them, second copies of stragglers
  std::uint64_t ended = 0;     ///< without those given back
  std::uint64_t returned = 0;  ///< unstarted
  std::uint64_t reaped = 0;    ///< processes ended because a task would not stop
};

class TaskScheduler {
 public:
  TaskScheduler(const Options& options, const base::Log& log, ShuffleTracker& shuffles,
                WorkerTable& workers, const BlockTracker& blocks, const EventFeed& events)
      : options_(options),
        log_(log),
        shuffles_(shuffles),
        workers_(workers),
        blocks_(blocks),
        events_(events),
        pools_(options.pools),
        health_(options.exclusion),
        barriers_(options.barrier.sync_timeout) {}

  void submit(TaskSetSpec spec, Turn& turn);
  /// The attempt launches nothing more; its running tasks may finish and still count.
  void retire(base::StageId stage, std::uint32_t stage_attempt, Turn& turn);
  /// Nobody needs the stage, or this attempt: running tasks are asked to stop, results dropped.
  void cancel(base::StageId stage, const std::string& reason, Turn& turn);
  /// The stage has the task's result, whichever attempt brought it; other attempts are stopped.
  void mark_done(base::StageId stage, std::uint32_t index, Turn& turn);
  /// The attempt is asked to stop; unless it succeeds before it hears that, its task is run again,
  /// and nothing counts as a failure. False when no such attempt runs.
  bool kill_attempt(base::TaskId task, const std::string& reason, Turn& turn);
  /// Parked tasks of the attempt have a node.
  void unpark(base::StageId stage, std::uint32_t stage_attempt, std::uint32_t index,
              std::uint32_t node);

  void on(protocol::TaskFinished message, const protocol::Address& from, Turn& turn);
  void on(const protocol::CommitRequested& message, const protocol::Address& from, Turn& turn);
  void on(const protocol::BarrierReached& message, const protocol::Address& from, Turn& turn);
  void worker_added(const Worker& worker, Turn& turn);
  /// After WorkerTable::decommission: what has not begun there goes elsewhere.
  void worker_leaves(const Worker& worker, Turn& turn);
  /// After WorkerTable::remove: ends what ran there.
  void workers_removed(const std::vector<Worker>& removed, bool caused_by_application,
                       const std::string& reason, Turn& turn);
  /// Fills free slots.
  void offer(Turn& turn);
  /// Stragglers, tasks that do not stop, exclusions that end.
  void tick(Turn& turn);
  std::vector<HomelessTasks> park_homeless(Turn& turn);
  /// Live nodes on which the application may use no executor now; null when there are none, or when
  /// the others have fewer slots than are needed.
  AvoidedNodes avoided_nodes(std::size_t slots_needed) const;

  std::vector<TaskEnd> take_ends() { return std::exchange(ends_, {}); }
  std::vector<SetAbort> take_aborts() { return std::exchange(aborts_, {}); }
  std::size_t running() const { return running_.size(); }
  std::size_t running(base::StageId stage) const;
  /// Sets that only executors that are not there yet can go on with.
  std::uint32_t needing_more_executors() const;
  bool idle() const {
    return sets_.empty() && running_.empty() && ends_.empty() && stage_sets_.empty() &&
           commits_.empty() && barriers_.idle() && killed_.empty() && unschedulable_.empty();
  }
  std::uint64_t late_messages() const { return late_; }
  const SchedulerCounts& counts() const { return counts_; }
  const HealthTracker& health() const { return health_; }

 private:
  struct Running {
    SetKey set;
    std::uint32_t index = 0;
    std::uint32_t attempt = 0;
    WorkerKey worker;
    base::TimePoint started;
    bool dropped = false;     ///< asked to stop: whatever it reports does not count
    bool asked_back = false;  ///< to be given back, unless it has begun
    Locality locality = Locality::any;
    bool copy = false;  ///< of a straggler
  };
  /// How a task came to its worker.
  struct Choice {
    std::uint32_t index = 0;
    Locality locality = Locality::any;
    bool copy = false;
  };
  /// A task that was asked to stop and still runs.
  struct Killed {
    base::TimePoint since;
    base::TimePoint next_look;
    std::string reason;
  };
  /// A set with a task that no executor may run.
  struct Unschedulable {
    base::TimePoint give_up;
    bool needs_more = false;  ///< executors; otherwise one is replaced
  };

  void launch(const SetKey& key, TaskSet& set, const Choice& choice, const Worker& worker,
              Turn& turn);
  /// Cached partitions that the task may need and the worker does not hold, and who does.
  std::vector<protocol::BlockInput> blocks_elsewhere(const NarrowPlan& plan,
                                                     std::uint32_t partition,
                                                     const Worker& worker) const;
  void warn_if_large(const SetKey& key, TaskSet& set, const protocol::TaskLaunched& task);

  // Offers: task_scheduler_offers.cpp.
  void fill_slots(Turn& turn);
  std::vector<SetKey> order() const;
  std::vector<WorkerKey> offers_for(const TaskSet& set, std::size_t most) const;
  std::size_t offer_to(const SetKey& key, std::size_t most, Turn& turn);
  std::size_t offer_level(const SetKey& key, TaskSet& set, Locality level,
                          std::vector<WorkerKey>& free, std::size_t most,
                          std::optional<Locality>& nearest, Turn& turn);
  std::size_t offer_copies(const SetKey& key, TaskSet& set, const std::vector<WorkerKey>& free,
                           std::size_t most, Turn& turn);
  std::size_t launch_gang(const SetKey& key, TaskSet& set, Turn& turn);
  bool usable(const TaskSet& set, const Worker& worker) const {
    return !set.exclusion().excludes(worker.key.executor, worker.node) &&
           !health_.excludes(worker.key.executor, worker.node);
  }

  // Launching ahead of free slots: task_scheduler_ahead.cpp.
  void offer_ahead(Turn& turn);
  void fill_ahead(const SetKey& key, TaskSet& set, std::vector<WorkerKey> workers, Turn& turn);
  std::size_t most_tasks(const TaskSet& set, const Worker& worker) const;
  void share_backlogs(Turn& turn);
  void ask_back(const Worker& loaded, const Worker& idle, Turn& turn);

  // What is watched as time goes on: task_scheduler_watch.cpp.
  void find_stragglers(Turn& turn);
  void reap(Turn& turn);
  void stop_container(const Worker& worker, const std::string& reason, Turn& turn);
  void exclude_for(TaskSet& set, const TaskEnd& end, std::uint32_t node, Turn& turn);
  void judge_health(TaskSet& set, Turn& turn);
  void find_stuck(Turn& turn);
  bool records_matter(const TaskSet& set) const {
    return set.pending() > 0 && (!set.exclusion().empty() || !health_.empty());
  }
  bool gang_must_move(TaskSet& set, Turn& turn) const;
  void abort_stuck(const SetKey& key, const TaskSet& set, std::uint32_t index);

  // What listeners hear, and kills: task_scheduler_reports.cpp.
  protocol::TaskInfo task_info(base::TaskId task, const Running& running, const TaskSet& set,
                               const std::string& host) const;
  void report_start(base::TaskId task, const Running& running, const TaskSet& set,
                    const Worker& worker, Turn& turn) const;
  void report_end(const protocol::TaskFinished& message, const Running& running, const TaskSet& set,
                  const Worker& worker, Turn& turn) const;
  void kill(base::TaskId task, const std::string& reason, Turn& turn);
  void ask_to_stop(base::TaskId task, const Running& running, const std::string& reason,
                   Turn& turn);
  void kill_all_of(base::StageId stage, const std::string& reason, Turn& turn);
  /// One attempt is over; `worker` may be removed from the table already.
  void end(protocol::TaskFinished message, const Worker& worker, bool counts, Turn& turn);
  void retry(TaskSet& set, TaskEnd& end, std::uint32_t node, bool counts, Turn& turn);
  void drop_if_over(const SetKey& key, Turn& turn);

  const Options& options_;
  const base::Log& log_;
  ShuffleTracker& shuffles_;
  WorkerTable& workers_;
  const BlockTracker& blocks_;
  const EventFeed& events_;
  Pools pools_;
  HealthTracker health_;
  CommitCoordinator commits_;
  BarrierCoordinator barriers_;
  std::map<SetKey, TaskSet> sets_;
  std::map<base::StageId, std::vector<SetKey>> stage_sets_;
  boost::unordered_flat_map<base::TaskId, Running> running_;
  std::map<base::TaskId, Killed> killed_;
  std::map<SetKey, Unschedulable> unschedulable_;
  std::vector<TaskEnd> ends_;
  std::vector<SetAbort> aborts_;
  std::vector<WorkerKey> progressed_;  ///< since the last offer; a key may be there twice
  bool changed_ = true;  ///< workers, waiting tasks or records of failures, since looked at
  std::uint32_t offered_ahead_ = 0;  ///< for each slot, to every worker; 0: not offered yet
  WorkerKey last_offered_;           ///< the next round begins after it
  base::TimePoint next_share_{};
  base::TimePoint next_straggler_look_{};
  base::TaskId next_task_ = 0;
  SchedulerCounts counts_;
  std::uint64_t late_ = 0;
};

}  // namespace volley::driver
