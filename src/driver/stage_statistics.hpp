#pragma once
// StageStatistics: what stages did, for the summary at the end, the progress bar and the AM. Only
// listens; decides nothing.

#include "base/ids.hpp"
#include "base/units.hpp"
#include "driver/task_scheduler.hpp"
#include "protocol/driver_messages.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace volley::driver {

struct SlowestTask {
  std::uint32_t partition = 0;
  std::string host;
  base::Duration duration{};
};

struct HottestKey {
  std::string text;
  double share = 0;
};
/// "key 'x' with about 12 % of the records".
std::string describe(const HottestKey& key);

struct StageSummary {
  base::StageId stage = 0;
  std::string name;            ///< "reduce_by_key at main.cpp:9"
  std::uint32_t tasks = 0;     ///< of the stage, whether or not they had to run
  std::uint32_t attempts = 0;  ///< task attempts that ended
  std::uint32_t failures = 0;  ///< of them, not successful
  std::uint32_t killed = 0;    ///< attempts that were asked to stop
  std::uint32_t stage_attempts = 0;
  bool succeeded = false;
  protocol::TaskMetrics totals;  ///< of successful attempts; peak_memory is the maximum
  base::Duration wall{};
  SlowestTask slowest;
  /// The most frequent key of the records that it shuffled and its share of them, when that is a
  /// hundredth or more: an estimate from samples.
  std::optional<HottestKey> hottest_key;
  base::Duration median{};  ///< of task durations
};

struct LostExecutor {
  base::ExecutorId executor = 0;
  std::string host;
  std::string reason;
};

struct Summary {
  std::vector<StageSummary> stages;  ///< that have ended, in that order; the newest 1000
  std::vector<LostExecutor> lost_executors;
  std::uint64_t jobs_succeeded = 0;
  std::uint64_t jobs_failed = 0;
  std::uint64_t stages_skipped = 0;
  std::uint64_t tasks_succeeded = 0;
  std::uint64_t tasks_failed = 0;
  std::uint64_t tasks_killed = 0;  ///< asked to stop, whatever they said at their end
};

struct StageProgress {
  base::StageId stage = 0;
  std::uint32_t done = 0;
  std::uint32_t running = 0;
  std::uint32_t total = 0;
};
struct Progress {
  std::vector<StageProgress> stages;  ///< that run now
  double fraction = 0;                ///< of the tasks of all stages so far
};

class StageStatistics {
 public:
  /// A new attempt of a stage starts with `missing` of its `tasks` to run.
  void submitted(base::StageId stage, const std::string& name, std::uint32_t tasks,
                 std::uint32_t missing, base::TimePoint now);
  void task_ended(const TaskEnd& end);
  void task_killed(const TaskEnd& end);
  /// Returns its hottest key.
  std::optional<HottestKey> stage_ended(base::StageId stage, bool succeeded, base::TimePoint now);
  void job_ended(bool succeeded, std::uint64_t skipped_stages);
  void executor_lost(LostExecutor lost) { summary_.lost_executors.push_back(std::move(lost)); }

  const Summary& summary() const { return summary_; }
  Progress progress(const TaskScheduler& scheduler) const;
  /// The first few stages that run, for people: "stage 3 (map at main.cpp:4)".
  std::string running() const;
  bool idle() const { return open_.empty(); }

 private:
  struct Open {
    StageSummary summary;
    std::uint32_t done = 0;
    base::TimePoint submitted;
    std::vector<base::Duration> durations;
    std::map<std::string, std::uint64_t> hot_keys;  ///< sampled records, by text
  };
  std::map<base::StageId, Open> open_;
  Summary summary_;
  std::uint64_t tasks_of_ended_stages_ = 0;
};

}  // namespace volley::driver
