#pragma once
// DagScheduler: turns jobs into stages and stages into task sets, parents first, and brings results
// to the program. A stage's life: idle -> waiting (for parents) -> placing (shuffle data moves to
// its nodes) -> running -> done; a lost input leads through failed back to idle. Stages that no job
// needs are dropped at once; map outputs outlive them in the ShuffleTracker.

#include "base/log.hpp"
#include "driver/block_copies.hpp"
#include "driver/block_tracker.hpp"
#include "driver/event_feed.hpp"
#include "driver/exchange_planner.hpp"
#include "driver/gang.hpp"
#include "driver/lineage.hpp"
#include "driver/narrow_plan.hpp"
#include "driver/options.hpp"
#include "driver/shuffle_tracker.hpp"
#include "driver/stage_binary.hpp"
#include "driver/stage_statistics.hpp"
#include "driver/task_scheduler.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace volley::driver {

enum class StageState : std::uint8_t { idle, waiting, placing, running, failed, done };

struct Stage {
  base::StageId id = 0;
  LineagePtr lineage;
  base::RddId final_rdd = 0;
  const protocol::Dependency* shuffle = nullptr;  ///< that it writes; null for a result stage
  base::JobId first_job = 0;                      ///< the result stage's job
  std::set<base::JobId> jobs;                     ///< that need it
  std::shared_ptr<const NarrowPlan> plan;
  std::string name;
  std::uint32_t tasks = 0;
  StageState state = StageState::idle;
  std::uint32_t attempt = 0;  ///< the current one, or the next when none was made
  std::uint32_t attempts = 0;
  std::uint32_t failed_attempts = 0;        ///< consecutive ones
  bool barrier = false;                     ///< its tasks start and fail together
  bool ignore_cache = false;                ///< a cached block that replaced a parent was not there
  bool pinned = false;                      ///< some tasks can only run beside their cached block
  std::vector<base::ShuffleNumber> needed;  ///< shuffles that the attempt reads
  std::optional<base::ShuffleNumber> divisible;  ///< tasks may read parts of its partitions
  bool measuring = false;                        ///< placing: only sizes are asked for yet
  TaskSetSpec prepared;                          ///< while placing
  base::TimePoint submitted{};                   ///< the current attempt
  std::uint32_t attempt_tasks = 0;               ///< that it has to run
  bool in_attempt = false;                       ///< it has begun and not ended
  base::TimePoint resubmit_at{};
};

struct Job {
  base::JobId id = 0;
  LineagePtr lineage;
  std::vector<std::uint32_t> partitions;
  std::vector<bool> done;  ///< by index into partitions
  std::size_t remaining = 0;
  std::uint64_t result_bytes = 0;
  std::set<base::StageId> stages;
  protocol::Closure action;
  std::string call_site;
  std::string group;
  std::vector<std::string> tags;
  std::string pool;
  FromJob shared;
  base::TimePoint submitted{};
};

/// A job with a barrier stage that has more tasks than there are slots: it waits for executors.
struct DeferredJob {
  protocol::JobSubmitted message;
  std::uint32_t checks = 0;
  base::TimePoint next_check{};
};

class DagScheduler {
 public:
  DagScheduler(const Options& options, const base::Log& log, ShuffleTracker& shuffles,
               BlockTracker& blocks, BlockCopies& copies, WorkerTable& workers,
               ExchangePlanner& planner, TaskScheduler& scheduler, StageStatistics& statistics,
               const EventFeed& events)
      : options_(options),
        log_(log),
        shuffles_(shuffles),
        blocks_(blocks),
        copies_(copies),
        workers_(workers),
        planner_(planner),
        scheduler_(scheduler),
        statistics_(statistics),
        events_(events) {}

  void on(const protocol::JobSubmitted& message, Turn& turn);
  void on(const protocol::JobCancelRequested& message, Turn& turn);
  void on(const protocol::JobGroupCancelRequested& message, Turn& turn);
  void on(const protocol::TaggedJobsCancelRequested& message, Turn& turn);
  void on(const protocol::AllJobsCancelRequested& message, Turn& turn);
  void on(const protocol::StageCancelRequested& message, Turn& turn);
  void on(const protocol::RddUnpersisted& message, Turn& turn);
  void on(const protocol::ShuffleForgotten& message, Turn& turn);
  void fail_all_jobs(const std::string& reason, Turn& turn);
  /// After an executor's workers and blocks were removed.
  void executor_removed(Turn& turn);
  /// All that the rank's shuffle service held is gone.
  void rank_lost(base::Rank rank, Turn& turn);
  void tick(Turn& turn);
  /// Works off what the planner and the task scheduler have to report.
  void settle(Turn& turn);

  bool idle() const;
  std::size_t jobs() const { return jobs_.size() + deferred_.size(); }
  std::size_t stages() const { return stages_.size(); }

 private:
  // Jobs: dag_jobs.cpp.
  std::string job_problem(const protocol::JobSubmitted& message, const Lineage& lineage) const;
  void begin_job(const protocol::JobSubmitted& message, LineagePtr lineage, Turn& turn);
  void refuse_job(const protocol::JobSubmitted& message, const std::string& problem, Turn& turn);
  void create_stages(Job& job, base::RddId final_rdd);
  Stage& add_stage(const Job& job, const StageCut& cut);
  void end_job(base::JobId id, const std::string& error, Turn& turn);
  void fail_jobs_of(base::StageId stage, const std::string& error, Turn& turn);
  void drop_stage(base::StageId id, const std::string& reason, Turn& turn);
  void remove_shuffle(base::ShuffleNumber shuffle, Turn& turn);

  // Cancellation and barriers: dag_cancel.cpp.
  void cancel_job(base::JobId id, const std::string& reason, Turn& turn);
  /// The first stage of the job that can be no barrier stage, or needs more slots than there are.
  struct BarrierCheck {
    std::string problem;
    std::uint32_t slots_needed = 0;
  };
  BarrierCheck check_barriers(const Lineage& lineage, const protocol::JobSubmitted& message) const;
  void check_deferred(Turn& turn);
  void gang_broken(Stage& stage, const TaskEnd& end, Turn& turn);

  // Stages: dag_scheduler.cpp.
  void set_state(Stage& stage, StageState state);
  void submit(base::StageId id, Turn& turn);
  void start(Stage& stage, Turn& turn);
  bool may_divide(const Stage& stage, std::size_t missing) const;
  void divide_tasks(Stage& stage);
  std::vector<std::uint32_t> missing_tasks(const Stage& stage) const;
  std::uint32_t partition_of(const Stage& stage, std::uint32_t index) const;
  void launch(Stage& stage, Turn& turn);
  void choose_workers(const Stage& stage, TaskSpec& task) const;
  void choose_nodes(const Stage& stage, TaskSpec& task) const;
  const Job* job_of(const Stage& stage) const;
  bool too_many_attempts(Stage& stage, Turn& turn);
  bool readable_on(const std::vector<ShuffleRead>& reads, std::uint32_t node) const;
  void restart(Stage& stage, const std::string& reason, Turn& turn);
  void restart_pinned(Turn& turn);

  // What listeners hear: dag_reports.cpp.
  protocol::StageInfo stage_info(const Stage& stage) const;
  void report_job(const protocol::JobSubmitted& message, const Job& job, Turn& turn) const;
  void attempt_begins(Stage& stage, std::size_t tasks, Turn& turn);
  /// Nothing when no attempt is at work. `failure`: empty when it has succeeded.
  void attempt_ends(Stage& stage, const std::string& failure, Turn& turn);

  // Events: dag_events.cpp.
  void placed(const PlacementResult& result, Turn& turn);
  void ended(TaskEnd& end, Turn& turn);
  void succeeded(Stage& stage, TaskEnd& end, Turn& turn);
  void send_accumulators(TaskEnd& end, Turn& turn);
  void map_succeeded(Stage& stage, TaskEnd& end, Turn& turn);
  void result_succeeded(Stage& stage, TaskEnd& end, Turn& turn);
  bool results_too_large(const Job& job) const;
  void map_stage_finished(Stage& stage, Turn& turn);
  void lose_data(base::ShuffleNumber shuffle, base::Rank rank, Turn& turn);
  void lose_outputs(base::ShuffleNumber shuffle, const std::vector<std::uint32_t>& maps,
                    Turn& turn);
  void restart_users(base::ShuffleNumber shuffle, Turn& turn);
  void fetch_failed(Stage& stage, const TaskEnd& end, Turn& turn);
  void input_lost(Stage& stage, const std::string& reason, bool counts, Turn& turn);
  void move_homeless(const HomelessTasks& homeless, Turn& turn);
  void record_blocks(const TaskEnd& end, Turn& turn);

  const Options& options_;
  const base::Log& log_;
  ShuffleTracker& shuffles_;
  BlockTracker& blocks_;
  BlockCopies& copies_;
  WorkerTable& workers_;
  ExchangePlanner& planner_;
  TaskScheduler& scheduler_;
  StageStatistics& statistics_;
  const EventFeed& events_;

  std::map<base::JobId, Job> jobs_;
  std::map<base::JobId, DeferredJob> deferred_;
  std::deque<std::string> cancelled_groups_;  ///< whose future jobs are cancelled, too
  std::map<base::StageId, Stage> stages_;
  std::unordered_map<base::ShuffleNumber, base::StageId> map_stages_;
  std::set<base::StageId> waiting_;
  std::set<base::StageId> failed_;
  std::set<base::StageId> ready_;                      ///< to be submitted by settle()
  std::unordered_set<base::ShuffleNumber> forgotten_;  ///< once no job needs them
  std::unordered_set<base::RddId> unpersisted_;        ///< while tasks may still report blocks
  base::StageId next_stage_ = 0;
};

}  // namespace volley::driver
