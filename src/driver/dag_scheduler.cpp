#include "driver/dag_scheduler.hpp"

#include "base/check.hpp"
#include "driver/stage_binary.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace volley::driver {

using base::ShuffleNumber;
using base::StageId;

namespace {
constexpr auto component = "DAGScheduler";
}

void DagScheduler::set_state(Stage& stage, StageState state) {
  waiting_.erase(stage.id);
  failed_.erase(stage.id);
  if (state == StageState::waiting) waiting_.insert(stage.id);
  if (state == StageState::failed) failed_.insert(stage.id);
  stage.state = state;
}

void DagScheduler::settle(Turn& turn) {
  for (bool more = true; more;) {
    more = false;
    while (!ready_.empty()) {
      const StageId stage = *ready_.begin();
      ready_.erase(ready_.begin());
      submit(stage, turn);
    }
    planner_.step(turn);
    for (const PlacementResult& result : planner_.take_results()) {
      placed(result, turn);
      more = true;
    }
    for (TaskEnd& end : scheduler_.take_ends()) {
      ended(end, turn);
      more = true;
    }
    for (const SetAbort& abort : scheduler_.take_aborts()) {
      fail_jobs_of(abort.stage, abort.reason, turn);
      more = true;
    }
    more |= !ready_.empty();
  }
  scheduler_.offer(turn);
  if (jobs_.empty() && scheduler_.idle()) unpersisted_.clear();
}

void DagScheduler::submit(StageId id, Turn& turn) {
  std::vector<StageId> work{id};
  while (!work.empty()) {
    const StageId next = work.back();
    work.pop_back();
    const auto found = stages_.find(next);
    if (found == stages_.end()) continue;
    Stage& stage = found->second;
    if (stage.state != StageState::idle && stage.state != StageState::waiting) continue;
    stage.needed = stage.plan->shuffles_needed([&](const protocol::RddSpec& rdd) {
      return !stage.ignore_cache && blocks_.fully_cached(rdd.id, rdd.partitions);
    });
    std::vector<StageId> parents;
    bool complete = true;
    for (const ShuffleNumber shuffle : stage.needed) {
      if (shuffles_.complete(shuffle)) continue;
      complete = false;
      Stage& parent = stages_.at(map_stages_.at(shuffle));
      if (parent.state == StageState::done) set_state(parent, StageState::idle);
      if (parent.state == StageState::idle) parents.push_back(parent.id);
    }
    if (complete) {
      start(stage, turn);
      continue;
    }
    set_state(stage, StageState::waiting);
    std::sort(parents.begin(), parents.end(), std::greater<>());
    work.insert(work.end(), parents.begin(), parents.end());
  }
}

std::vector<std::uint32_t> DagScheduler::missing_tasks(const Stage& stage) const {
  if (stage.shuffle != nullptr) return shuffles_.missing_maps(stage.shuffle->shuffle);
  std::vector<std::uint32_t> missing;
  const auto& done = jobs_.at(stage.first_job).done;
  for (std::size_t index = 0; index < done.size(); ++index) {
    if (!done[index]) missing.push_back(static_cast<std::uint32_t>(index));
  }
  return missing;
}

std::uint32_t DagScheduler::partition_of(const Stage& stage, std::uint32_t index) const {
  if (stage.shuffle == nullptr) return jobs_.at(stage.first_job).partitions[index];
  const protocol::TaskPart* part = shuffles_.part(stage.shuffle->shuffle, index);
  return part == nullptr ? index : part->partition;
}

/// The oldest job that needs the stage now.
const Job* DagScheduler::job_of(const Stage& stage) const {
  const auto job = stage.jobs.empty() ? jobs_.end() : jobs_.find(*stage.jobs.begin());
  return job == jobs_.end() ? nullptr : &job->second;
}

bool DagScheduler::too_many_attempts(Stage& stage, Turn& turn) {
  if (options_.max_stage_attempts == 0 || stage.attempts < options_.max_stage_attempts) {
    return false;
  }
  fail_jobs_of(stage.id,
               fmt::format("Job aborted due to stage failure: {} {} ({}) has been resubmitted for "
                           "the maximum allowable number of times: {} (volley.stage.maxAttempts)",
                           stage.shuffle != nullptr ? "ShuffleMapStage" : "ResultStage", stage.id,
                           stage.name, options_.max_stage_attempts),
               turn);
  return true;
}

bool DagScheduler::may_divide(const Stage& stage, std::size_t missing) const {
  return stage.divisible && options_.parts.factor > 0 && missing == stage.tasks &&
         !shuffles_.parts_settled(stage.shuffle->shuffle);
}

/// Once the sizes of all that it reads are known.
void DagScheduler::divide_tasks(Stage& stage) {
  const ShuffleNumber read = *stage.divisible;
  const auto& bytes = shuffles_.sizes(read);
  std::vector<std::uint64_t> beside(bytes.size(), 0);
  for (const ShuffleNumber other : stage.needed) {
    if (other == read) continue;
    for (std::uint32_t i = 0; i < beside.size(); ++i) beside[i] += shuffles_.bytes({other, i});
  }
  const ShuffleNumber written = stage.shuffle->shuffle;
  TaskParts parts = divide(read, bytes, beside, shuffles_.maps(read), options_.parts);
  if (!parts.empty()) {
    std::set<std::uint32_t> partitions;
    for (const auto& [map, part] : parts) partitions.insert(part.partition);
    log_.info(component,
              "ShuffleMapStage {} ({}): {} oversized partitions of shuffle {} are read "
              "in {} parts (volley.adaptive)",
              stage.id, stage.name, partitions.size(), read, parts.size());
  }
  shuffles_.set_parts(written, std::move(parts));
  stage.tasks = shuffles_.maps(written);
}

void DagScheduler::start(Stage& stage, Turn& turn) {
  stage.measuring = false;
  std::vector<std::uint32_t> missing = missing_tasks(stage);
  if (stage.barrier && stage.shuffle != nullptr && !missing.empty() &&
      missing.size() < stage.tasks) {
    std::vector<std::uint32_t> all(stage.tasks);
    std::iota(all.begin(), all.end(), 0U);
    shuffles_.lose_outputs(stage.shuffle->shuffle, all);
    missing = all;
  }
  if (missing.empty()) {
    map_stage_finished(stage, turn);
    return;
  }
  if (may_divide(stage, missing.size())) {
    stage.measuring = true;
    set_state(stage, StageState::placing);
    planner_.place({stage.id, stage.attempt, {}, stage.needed});
    return;
  }
  if (too_many_attempts(stage, turn)) return;
  const Job* job = job_of(stage);
  stage.attempt = stage.attempts++;
  stage.prepared = {};
  stage.prepared.job = job == nullptr ? stage.first_job : job->id;
  stage.prepared.stage = stage.id;
  stage.prepared.stage_attempt = stage.attempt;
  stage.prepared.plan = stage.plan;
  stage.prepared.barrier = stage.barrier;
  if (job != nullptr) stage.prepared.pool = job->pool;
  stage.prepared.tasks.reserve(missing.size());
  PlacementRequest request{stage.id, stage.attempt, {}, {}, stage.barrier};
  const AvoidedNodes avoid = scheduler_.avoided_nodes(stage.barrier ? missing.size() : 1);
  for (const std::uint32_t index : missing) {
    TaskSpec task;
    task.index = index;
    task.partition = partition_of(stage, index);
    if (stage.shuffle != nullptr) {
      if (const auto* part = shuffles_.part(stage.shuffle->shuffle, index)) task.part = *part;
    }
    if (!stage.needed.empty()) {
      auto reads = stage.plan->inputs(task.partition).shuffles;
      std::erase_if(reads, [&](const ShuffleRead& read) {
        return !std::binary_search(stage.needed.begin(), stage.needed.end(), read.shuffle);
      });
      if (!reads.empty()) request.tasks.push_back({index, std::move(reads), avoid});
    }
    stage.prepared.tasks.push_back(std::move(task));
  }
  attempt_begins(stage, missing.size(), turn);
  if (request.tasks.empty()) {
    launch(stage, turn);
    return;
  }
  set_state(stage, StageState::placing);
  planner_.place(std::move(request));
}

bool DagScheduler::readable_on(const std::vector<ShuffleRead>& reads, std::uint32_t node) const {
  return std::all_of(reads.begin(), reads.end(), [&](const ShuffleRead& read) {
    return holder_on(shuffles_, workers_.nodes(), read, node) != base::no_rank;
  });
}

void DagScheduler::choose_workers(const Stage& stage, TaskSpec& task) const {
  for (const protocol::BlockId& block : stage.plan->cacheable(task.partition)) {
    for (const WorkerKey& key : blocks_.locations(block)) {
      const Worker* worker = workers_.live(key) ? workers_.find(key) : nullptr;
      if (worker != nullptr && (!task.node || worker->node == *task.node)) {
        task.preferred.push_back(key);
      }
    }
    if (!task.preferred.empty()) break;
  }
  if (task.preferred.empty()) choose_nodes(stage, task);
  // What lies behind a cached RDD was not placed for this stage. Where it happens to be readable,
  // the task may run on that whole node; elsewhere only beside its cached block.
  const auto reads = stage.plan->inputs(task.partition).shuffles;
  const bool cut = std::any_of(reads.begin(), reads.end(), [&](const ShuffleRead& read) {
    return !std::binary_search(stage.needed.begin(), stage.needed.end(), read.shuffle);
  });
  if (!cut) return;
  task.pinned = true;
  for (const WorkerKey& key : task.preferred) {
    const std::uint32_t node = workers_.find(key)->node;
    if (!readable_on(reads, node)) continue;
    task.node = node;
    task.pinned = false;
    return;
  }
}

/// The nodes of the hosts that the task's input prefers.
void DagScheduler::choose_nodes(const Stage& stage, TaskSpec& task) const {
  for (const std::string& host : stage.plan->hosts(task.partition)) {
    for (const auto& [key, worker] : workers_.workers()) {
      const bool known =
          std::find(task.near.begin(), task.near.end(), worker.node) != task.near.end();
      if (worker.host != host || known || (task.node && *task.node != worker.node)) continue;
      task.near.push_back(worker.node);
    }
  }
}

void DagScheduler::launch(Stage& stage, Turn& turn) {
  stage.pinned = false;
  if (stage.plan->has_persisted() || stage.plan->has_hosts()) {
    for (TaskSpec& task : stage.prepared.tasks) {
      choose_workers(stage, task);
      stage.pinned |= task.pinned;
      if (!task.pinned || !task.preferred.empty()) continue;
      stage.ignore_cache = true;
      restart(stage, "a cached partition that it needs is gone", turn);
      return;
    }
  }
  static const protocol::Closure no_action;
  const auto job = jobs_.find(stage.first_job);
  const auto& action = job == jobs_.end() ? no_action : job->second.action;
  const Job* owner = job_of(stage);
  stage.prepared.binary = make_stage_binary(*stage.lineage, stage.final_rdd, stage.shuffle, action,
                                            owner == nullptr ? FromJob{} : owner->shared);
  log_.info(component, "Submitting {} missing tasks of {} {}.{} ({})", stage.prepared.tasks.size(),
            stage.shuffle != nullptr ? "ShuffleMapStage" : "ResultStage", stage.id, stage.attempt,
            stage.name);
  set_state(stage, StageState::running);
  scheduler_.submit(std::exchange(stage.prepared, {}), turn);
}

void DagScheduler::restart(Stage& stage, const std::string& reason, Turn& turn) {
  attempt_ends(stage, reason, turn);
  scheduler_.retire(stage.id, stage.attempt, turn);
  if (stage.barrier) scheduler_.cancel(stage.id, "its barrier stage starts anew", turn);
  planner_.cancel(stage.id);
  stage.prepared = {};
  stage.resubmit_at = turn.now + options_.resubmit_delay;
  set_state(stage, StageState::failed);
}

void DagScheduler::restart_pinned(Turn& turn) {
  for (auto& [id, stage] : stages_) {
    if (stage.pinned && stage.state == StageState::running) {
      restart(stage, "cached partitions that it reads are gone", turn);
    }
  }
}

void DagScheduler::executor_removed(Turn& turn) { restart_pinned(turn); }

void DagScheduler::tick(Turn& turn) {
  for (const StageId id : std::set<StageId>(failed_)) {
    Stage& stage = stages_.at(id);
    if (stage.resubmit_at > turn.now) continue;
    set_state(stage, StageState::idle);
    ready_.insert(id);
  }
  check_deferred(turn);
  scheduler_.tick(turn);
  for (const HomelessTasks& homeless : scheduler_.park_homeless(turn)) {
    move_homeless(homeless, turn);
  }
}

}  // namespace volley::driver
