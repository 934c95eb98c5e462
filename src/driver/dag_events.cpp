// The DagScheduler's events: what it does when data was placed and when task attempts end.

#include "base/check.hpp"
#include "driver/dag_scheduler.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace volley::driver {

using base::ShuffleNumber;
using base::StageId;
using protocol::TaskOutcome;

namespace {
constexpr auto component = "DAGScheduler";
}

void DagScheduler::placed(const PlacementResult& result, Turn& turn) {
  const auto found = stages_.find(result.stage);
  if (found == stages_.end() || found->second.attempt != result.stage_attempt) return;
  Stage& stage = found->second;
  if (!result.damaged.empty()) {
    log_.warn(component, "{}. The map output is made again", result.error);
    lose_outputs(result.shuffle, result.damaged, turn);
    input_lost(stage, result.error, true, turn);
    return;
  }
  if (!result.error.empty()) {
    fail_jobs_of(stage.id, result.error, turn);
    return;
  }
  if (stage.state == StageState::running) {
    for (const PlacedTask& task : result.tasks) {
      scheduler_.unpark(stage.id, stage.attempt, task.index, task.node);
    }
    return;
  }
  if (stage.state != StageState::placing) return;
  if (stage.measuring) {
    divide_tasks(stage);
    // What it reads may have been lost since: that is looked at once more.
    set_state(stage, StageState::idle);
    ready_.insert(stage.id);
    return;
  }
  std::unordered_map<std::uint32_t, std::uint32_t> nodes;
  for (const PlacedTask& task : result.tasks) nodes.emplace(task.index, task.node);
  for (TaskSpec& task : stage.prepared.tasks) {
    const auto node = nodes.find(task.index);
    if (node != nodes.end()) task.node = node->second;
  }
  launch(stage, turn);
}

void DagScheduler::move_homeless(const HomelessTasks& homeless, Turn& turn) {
  Stage& stage = stages_.at(homeless.stage);
  if (stage.barrier) {
    stage.ignore_cache = true;
    restart(stage, "not all its tasks find a slot where their data lies", turn);
    return;
  }
  PlacementRequest request{stage.id, homeless.stage_attempt, {}};
  for (const auto& [index, avoid] : homeless.tasks) {
    PlacementTask task{index, stage.plan->inputs(partition_of(stage, index)).shuffles, avoid};
    for (const ShuffleRead& read : task.reads) {
      if (shuffles_.complete(read.shuffle)) continue;
      stage.ignore_cache = true;
      restart(stage, "a shuffle that it reads is incomplete", turn);
      return;
    }
    request.tasks.push_back(std::move(task));
  }
  log_.warn(component,
            "Moving the shuffle data of {} tasks of stage {}.{}: no executor is left "
            "on its node that may run them",
            homeless.tasks.size(), stage.id, stage.attempt);
  planner_.place(std::move(request));
}

void DagScheduler::record_blocks(const TaskEnd& end, Turn& turn) {
  const Worker* worker = workers_.find(end.worker);
  if (worker == nullptr) return;
  for (const protocol::BlockId& block : end.report.evicted) blocks_.remove(block, end.worker);
  for (const protocol::BlockId& block : end.report.cached) {
    if (unpersisted_.contains(block.rdd)) {
      turn.outbox.send(worker->address, protocol::BlocksRemoved{block.rdd});
    } else {
      blocks_.add(block, end.worker);
      copies_.fill(block, turn);
    }
  }
}

void DagScheduler::ended(TaskEnd& end, Turn& turn) {
  record_blocks(end, turn);
  const auto found = stages_.find(end.stage);
  if (end.dropped || found == stages_.end()) {
    statistics_.task_killed(end);
    return;
  }
  Stage& stage = found->second;
  statistics_.task_ended(end);
  // Of a task that failed only those are reported that count then, too.
  if (end.report.outcome != TaskOutcome::success) send_accumulators(end, turn);
  if (end.report.outcome == TaskOutcome::success) {
    succeeded(stage, end, turn);
  } else if (!end.abort.empty()) {
    fail_jobs_of(stage.id, end.abort, turn);
  } else if (end.gang_broken) {
    gang_broken(stage, end, turn);
  } else if (end.report.outcome == TaskOutcome::fetch_failed) {
    fetch_failed(stage, end, turn);
  }
}

void DagScheduler::succeeded(Stage& stage, TaskEnd& end, Turn& turn) {
  scheduler_.mark_done(stage.id, end.index, turn);
  if (stage.shuffle != nullptr) {
    map_succeeded(stage, end, turn);
  } else {
    result_succeeded(stage, end, turn);
  }
}

void DagScheduler::send_accumulators(TaskEnd& end, Turn& turn) {
  if (end.report.accumulators.empty()) return;
  turn.outbox.send(options_.program,
                   protocol::AccumulatorsUpdated{std::move(end.report.accumulators), end.stage});
}

void DagScheduler::map_succeeded(Stage& stage, TaskEnd& end, Turn& turn) {
  const ShuffleNumber shuffle = stage.shuffle->shuffle;
  if (!shuffles_.add_output(shuffle, end.index, end.rank)) return;
  if (shuffles_.count_once(shuffle, end.index)) send_accumulators(end, turn);
  if (shuffles_.complete(shuffle)) map_stage_finished(stage, turn);
}

void DagScheduler::map_stage_finished(Stage& stage, Turn& turn) {
  VOLLEY_CHECK(stage.shuffle != nullptr, "stage {} has nothing to run but is not over", stage.id);
  const ShuffleNumber shuffle = stage.shuffle->shuffle;
  if (stage.attempts > 0) {
    scheduler_.retire(stage.id, stage.attempt, turn);
    planner_.cancel(stage.id);
    const auto hottest = statistics_.stage_ended(stage.id, true, turn.now);
    log_.info(component, "ShuffleMapStage {} ({}) finished: {} tasks in {}{}", stage.id, stage.name,
              stage.tasks, base::format_duration(turn.now - stage.submitted),
              hottest ? "; most frequent is " + describe(*hottest) : "");
  }
  attempt_ends(stage, {}, turn);
  stage.failed_attempts = 0;
  stage.ignore_cache = false;
  stage.prepared = {};
  set_state(stage, StageState::done);
  for (const StageId id : waiting_) {
    const auto& needed = stages_.at(id).needed;
    if (std::binary_search(needed.begin(), needed.end(), shuffle)) ready_.insert(id);
  }
}

void DagScheduler::result_succeeded(Stage& stage, TaskEnd& end, Turn& turn) {
  Job& job = jobs_.at(stage.first_job);
  if (job.done[end.index]) return;
  job.done[end.index] = true;
  --job.remaining;
  send_accumulators(end, turn);
  job.result_bytes += end.report.result.size();
  if (results_too_large(job)) {
    fail_jobs_of(
        stage.id,
        fmt::format("Job aborted due to stage failure: Total size of serialized results of {} "
                    "tasks ({}) is bigger than volley.driver.maxResultSize ({}): save them, or "
                    "raise the limit",
                    job.done.size() - job.remaining, base::format_bytes(job.result_bytes),
                    base::format_bytes(options_.max_result_size.value)),
        turn);
    return;
  }
  turn.outbox.send(options_.program,
                   protocol::TaskResultReady{job.id, end.index, std::move(end.report.result)});
  if (job.remaining > 0) return;
  log_.info(component, "ResultStage {} ({}) finished: {} tasks in {}", stage.id, stage.name,
            stage.tasks, base::format_duration(turn.now - stage.submitted));
  statistics_.stage_ended(stage.id, true, turn.now);
  attempt_ends(stage, {}, turn);
  end_job(job.id, {}, turn);
}

bool DagScheduler::results_too_large(const Job& job) const {
  return options_.max_result_size.value != 0 && job.result_bytes > options_.max_result_size.value;
}

void DagScheduler::lose_data(ShuffleNumber shuffle, base::Rank rank, Turn& turn) {
  if (!shuffles_.known(shuffle)) return;
  shuffles_.lose(shuffle, rank);
  restart_users(shuffle, turn);
}

void DagScheduler::rank_lost(base::Rank rank, Turn& turn) {
  for (const ShuffleNumber shuffle : shuffles_.forget_rank(rank)) restart_users(shuffle, turn);
}

void DagScheduler::lose_outputs(ShuffleNumber shuffle, const std::vector<std::uint32_t>& maps,
                                Turn& turn) {
  if (!shuffles_.known(shuffle)) return;
  shuffles_.lose_outputs(shuffle, maps);
  restart_users(shuffle, turn);
}

/// Those that are at work with what was lost just now.
void DagScheduler::restart_users(ShuffleNumber shuffle, Turn& turn) {
  const std::string lost = fmt::format("map outputs of shuffle {} are lost", shuffle);
  for (const StageId user : planner_.users(shuffle)) restart(stages_.at(user), lost, turn);
  // A map stage in work does not know of the outputs that were lost just now.
  const auto writer = map_stages_.find(shuffle);
  if (writer == map_stages_.end()) return;
  Stage& stage = stages_.at(writer->second);
  if (stage.state == StageState::running || stage.state == StageState::placing) {
    restart(stage, lost, turn);
  }
}

void DagScheduler::fetch_failed(Stage& stage, const TaskEnd& end, Turn& turn) {
  const bool current = end.stage_attempt == stage.attempt && stage.state == StageState::running;
  const protocol::ShuffleInput& missing = end.report.missing;
  bool counts = true;
  if (!end.report.damaged.empty()) {
    log_.warn(component, "{}. The map output is made again", end.report.error);
    // The same damage may have hit other partitions of that output.
    if (shuffles_.known(missing.shuffle)) shuffles_.forget_holders(missing.shuffle);
    lose_outputs(missing.shuffle, end.report.damaged, turn);
  } else if (missing.holder != base::no_rank) {
    // An older attempt's news is used as well: at worst, good data is made once more.
    lose_data(missing.shuffle, missing.holder, turn);
  } else if (current) {
    // A cached block should have stood in for this input, but its executor had dropped it.
    for (const protocol::BlockId& block : stage.plan->cacheable(end.partition)) {
      blocks_.remove(block, end.worker);
    }
    counts = stage.ignore_cache || !stage.pinned;
    stage.ignore_cache = true;
  }
  if (current) input_lost(stage, end.report.error, counts, turn);
}

void DagScheduler::input_lost(Stage& stage, const std::string& reason, bool counts, Turn& turn) {
  restart(stage, reason, turn);
  if (!counts || ++stage.failed_attempts < options_.max_consecutive_attempts) return;
  fail_jobs_of(stage.id,
               fmt::format("Job aborted due to stage failure: {} {} ({}) has failed the maximum "
                           "allowable number of times: {}. Most recent failure reason: {}",
                           stage.shuffle != nullptr ? "ShuffleMapStage" : "ResultStage", stage.id,
                           stage.name, options_.max_consecutive_attempts, reason),
               turn);
}

}  // namespace volley::driver
