#pragma once
// TaskScheduler: gives tasks to free slots, retries failed ones, and says how each attempt ended.
// Task sets are served first in, first out by job, then stage; one task per free slot, round robin
// over workers, and some ahead of the slots when tasks are tiny. What ended is collected and taken
// by the DagScheduler after each message.

#include "base/log.hpp"
#include "driver/failure_text.hpp"
#include "driver/options.hpp"
#include "driver/shuffle_tracker.hpp"
#include "driver/task_set.hpp"
#include "driver/worker_table.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
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
  bool dropped = false;  ///< it had been asked to stop: only its cached blocks count
  std::string abort;     ///< not empty: the task failed too often, and the text for the user
};

/// Waiting tasks whose node has no executor any more.
struct HomelessTasks {
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::vector<std::uint32_t> indices;
};

class TaskScheduler {
 public:
  TaskScheduler(const Options& options, const base::Log& log, ShuffleTracker& shuffles,
                WorkerTable& workers)
      : options_(options), log_(log), shuffles_(shuffles), workers_(workers) {}

  void submit(TaskSetSpec spec, Turn& turn);
  /// The attempt launches nothing more; its running tasks may finish and still count.
  void retire(base::StageId stage, std::uint32_t stage_attempt, Turn& turn);
  /// Nobody needs the stage: its running tasks are asked to stop and their results dropped.
  void cancel(base::StageId stage, const std::string& reason, Turn& turn);
  /// The stage has the task's result, whichever attempt brought it; other attempts are stopped.
  void mark_done(base::StageId stage, std::uint32_t index, Turn& turn);
  /// Parked tasks of the attempt have a node.
  void unpark(base::StageId stage, std::uint32_t stage_attempt, std::uint32_t index,
              std::uint32_t node);

  void on(protocol::TaskFinished message, const protocol::Address& from, Turn& turn);
  /// After WorkerTable::remove: ends what ran there.
  void workers_removed(const std::vector<Worker>& removed, bool caused_by_application,
                       const std::string& reason, Turn& turn);
  /// Fills free slots.
  void offer(Turn& turn);
  std::vector<HomelessTasks> park_homeless(Turn& turn);

  std::vector<TaskEnd> take_ends() { return std::exchange(ends_, {}); }
  std::size_t running() const { return running_.size(); }
  std::size_t running(base::StageId stage) const;
  bool idle() const { return sets_.empty() && running_.empty() && ends_.empty(); }
  std::uint64_t late_messages() const { return late_; }

 private:
  struct SetKey {
    base::JobId job = 0;
    base::StageId stage = 0;
    std::uint32_t stage_attempt = 0;
    auto operator<=>(const SetKey&) const = default;
  };
  struct Running {
    SetKey set;
    std::uint32_t index = 0;
    std::uint32_t attempt = 0;
    WorkerKey worker;
    base::TimePoint started;
    bool dropped = false;     ///< asked to stop: whatever it reports does not count
    bool asked_back = false;  ///< to be given back, unless it has begun
  };

  void launch(const SetKey& key, TaskSet& set, std::uint32_t index, const Worker& worker,
              Turn& turn);
  void fill_slots(Turn& turn);

  // Launching ahead of free slots: task_scheduler_ahead.cpp.
  void offer_ahead(Turn& turn);
  void fill_ahead(const SetKey& key, TaskSet& set, std::vector<WorkerKey> workers, Turn& turn);
  std::size_t most_tasks(const TaskSet& set, const Worker& worker) const;
  void share_backlogs(Turn& turn);
  void ask_back(const Worker& loaded, const Worker& idle, Turn& turn);

  void kill(base::TaskId task, const std::string& reason, Turn& turn);
  /// One attempt is over; `worker` may be removed from the table already.
  void end(protocol::TaskFinished message, const Worker& worker, bool counts, Turn& turn);
  void retry(TaskSet& set, TaskEnd& end, bool counts);
  void drop_if_over(const SetKey& key, Turn& turn);

  const Options& options_;
  const base::Log& log_;
  ShuffleTracker& shuffles_;
  WorkerTable& workers_;
  std::map<SetKey, TaskSet> sets_;
  std::map<base::StageId, std::vector<SetKey>> stage_sets_;
  std::unordered_map<base::TaskId, Running> running_;
  std::vector<TaskEnd> ends_;
  std::vector<WorkerKey> progressed_;  ///< since the last offer; a key may be there twice
  std::uint32_t offered_ahead_ = 0;    ///< for each slot, to every worker; 0: not offered yet
  base::TimePoint next_share_{};
  base::TaskId next_task_ = 0;
  std::uint64_t late_ = 0;
};

}  // namespace volley::driver
