// The DagScheduler's jobs: how they begin and end, and which stages they keep alive.

#include "base/check.hpp"
#include "driver/dag_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

using base::JobId;
using base::ShuffleNumber;
using base::StageId;

namespace {
constexpr auto component = "DAGScheduler";
}

void DagScheduler::on(const protocol::JobSubmitted& message, Turn& turn) {
  auto lineage = std::make_shared<const Lineage>(message.rdds, message.persisted, message.stored);
  for (const base::RddId rdd : message.persisted) unpersisted_.erase(rdd);
  copies_.want(message.stored);
  const std::string problem = job_problem(message, *lineage);
  if (!problem.empty() || message.partitions.empty()) {
    refuse_job(message, problem, turn);
    return;
  }
  const BarrierCheck barriers = check_barriers(*lineage, message);
  if (!barriers.problem.empty()) {
    refuse_job(message, barriers.problem, turn);
  } else if (barriers.slots_needed > workers_.slots()) {
    log_.warn(component, "Job {} waits: {}", message.job,
              too_few_slots_text(barriers.slots_needed, workers_.slots()));
    deferred_[message.job] = {message, 1, turn.now + options_.barrier.check_interval};
  } else {
    begin_job(message, std::move(lineage), turn);
  }
}

/// Also ends a job that has nothing to do.
void DagScheduler::refuse_job(const protocol::JobSubmitted& message, const std::string& problem,
                              Turn& turn) {
  log_.info(component, "Job {} ({}) with {} partitions: {}", message.job, message.call_site,
            message.partitions.size(), problem.empty() ? "finished at once" : problem);
  statistics_.job_ended(problem.empty(), 0);
  events_.job_started(message, {}, turn);
  events_.job_ended(message.job, problem, turn);
  turn.outbox.send(options_.program, protocol::JobEnded{message.job, problem.empty(), problem});
}

void DagScheduler::begin_job(const protocol::JobSubmitted& message, LineagePtr lineage,
                             Turn& turn) {
  Job job;
  job.id = message.job;
  job.lineage = std::move(lineage);
  job.partitions = message.partitions;
  job.done.assign(message.partitions.size(), false);
  job.remaining = message.partitions.size();
  job.action = message.action;
  job.call_site = message.call_site;
  job.group = message.group;
  job.tags = message.tags;
  job.pool = message.pool;
  job.shared = {message.properties, message.files, message.keeps_blocks};
  job.submitted = turn.now;
  Job& entry = jobs_.emplace(message.job, std::move(job)).first->second;
  create_stages(entry, message.final_rdd);
  report_job(message, entry, turn);
  const StageId result = *entry.stages.rbegin();
  ready_.insert(result);
  log_.info(component, "Got job {} ({}) with {} output partitions; final stage: ResultStage {}",
            entry.id, entry.call_site, entry.partitions.size(), result);
}

std::string DagScheduler::job_problem(const protocol::JobSubmitted& message,
                                      const Lineage& lineage) const {
  if (!message.group.empty() && std::find(cancelled_groups_.begin(), cancelled_groups_.end(),
                                          message.group) != cancelled_groups_.end()) {
    return cancelled_text(message.job, "part of cancelled job group " + message.group);
  }
  if (jobs_.contains(message.job) || deferred_.contains(message.job)) {
    return fmt::format("Job {} was submitted before and is still running", message.job);
  }
  const std::uint32_t total = lineage.at(message.final_rdd).partitions;
  for (const std::uint32_t partition : message.partitions) {
    if (partition < total) continue;
    return fmt::format(
        "Attempting to access a non-existent partition: {}. Total number of partitions: {}",
        partition, total);
  }
  return {};
}

void DagScheduler::create_stages(Job& job, base::RddId final_rdd) {
  for (const StageCut& cut : cut_stages(*job.lineage, final_rdd)) {
    const auto shared =
        cut.shuffle == nullptr ? map_stages_.end() : map_stages_.find(cut.shuffle->shuffle);
    Stage& stage = shared == map_stages_.end() ? add_stage(job, cut) : stages_.at(shared->second);
    stage.jobs.insert(job.id);
    job.stages.insert(stage.id);
  }
}

Stage& DagScheduler::add_stage(const Job& job, const StageCut& cut) {
  Stage stage;
  stage.id = next_stage_++;
  stage.lineage = job.lineage;
  stage.final_rdd = cut.final_rdd;
  stage.shuffle = cut.shuffle;
  stage.first_job = job.id;
  stage.barrier = in_barrier(*job.lineage, cut.final_rdd);
  stage.plan = std::make_shared<const NarrowPlan>(job.lineage, cut.final_rdd);
  const protocol::RddSpec& rdd = job.lineage->at(cut.final_rdd);
  if (cut.shuffle == nullptr) {
    stage.name = job.call_site;
    stage.tasks = static_cast<std::uint32_t>(job.partitions.size());
  } else {
    stage.name = rdd.name + " at " + rdd.call_site;
    shuffles_.add(cut.shuffle->shuffle, rdd.partitions, cut.shuffle->reducers);
    stage.tasks = shuffles_.maps(cut.shuffle->shuffle);
    if (!stage.barrier) stage.divisible = divisible_read(*job.lineage, cut.final_rdd);
    map_stages_.emplace(cut.shuffle->shuffle, stage.id);
    if (shuffles_.complete(cut.shuffle->shuffle)) stage.state = StageState::done;
  }
  return stages_.emplace(stage.id, std::move(stage)).first->second;
}

void DagScheduler::fail_all_jobs(const std::string& reason, Turn& turn) {
  for (auto& [id, job] : std::exchange(deferred_, {})) refuse_job(job.message, reason, turn);
  while (!jobs_.empty()) end_job(jobs_.begin()->first, reason, turn);
}

void DagScheduler::fail_jobs_of(StageId stage, const std::string& error, Turn& turn) {
  const auto found = stages_.find(stage);
  if (found == stages_.end()) return;
  for (const JobId job : std::set<JobId>(found->second.jobs)) end_job(job, error, turn);
}

void DagScheduler::end_job(JobId id, const std::string& error, Turn& turn) {
  auto node = jobs_.extract(id);
  VOLLEY_CHECK(!node.empty(), "job {} is unknown", id);
  const Job& job = node.mapped();
  std::uint64_t skipped = 0;
  for (const StageId stage_id : job.stages) {
    Stage& stage = stages_.at(stage_id);
    if (stage.attempts == 0) ++skipped;
    stage.jobs.erase(id);
    if (stage.jobs.empty()) {
      drop_stage(stage_id, error.empty() ? "the job has finished" : error, turn);
    }
  }
  statistics_.job_ended(error.empty(), skipped);
  if (error.empty()) {
    log_.info(component, "Job {} ({}) finished in {}: {} stages, {} of them skipped", id,
              job.call_site, base::format_duration(turn.now - job.submitted), job.stages.size(),
              skipped);
  } else {
    log_.error(component, "Job {} ({}) failed after {}: {}", id, job.call_site,
               base::format_duration(turn.now - job.submitted), error);
  }
  events_.job_ended(id, error, turn);
  turn.outbox.send(options_.program, protocol::JobEnded{id, error.empty(), error});
  for (const ShuffleNumber shuffle :
       std::vector<ShuffleNumber>(forgotten_.begin(), forgotten_.end())) {
    if (!map_stages_.contains(shuffle)) remove_shuffle(shuffle, turn);
  }
}

void DagScheduler::drop_stage(StageId id, const std::string& reason, Turn& turn) {
  Stage& stage = stages_.at(id);
  planner_.cancel(id);
  scheduler_.cancel(id, reason, turn);
  statistics_.stage_ended(id, false, turn.now);
  attempt_ends(stage, reason, turn);
  if (stage.shuffle != nullptr) map_stages_.erase(stage.shuffle->shuffle);
  waiting_.erase(id);
  failed_.erase(id);
  ready_.erase(id);
  stages_.erase(id);
}

void DagScheduler::on(const protocol::ShuffleForgotten& message, Turn& turn) {
  if (map_stages_.contains(message.shuffle)) {
    forgotten_.insert(message.shuffle);
  } else {
    remove_shuffle(message.shuffle, turn);
  }
}

void DagScheduler::remove_shuffle(ShuffleNumber shuffle, Turn& turn) {
  forgotten_.erase(shuffle);
  for (const base::Rank rank : shuffles_.forget(shuffle)) {
    turn.outbox.send(protocol::at_rank(protocol::Role::shuffle_service, rank),
                     protocol::ShuffleRemoved{{options_.application, shuffle}});
  }
}

void DagScheduler::on(const protocol::RddUnpersisted& message, Turn& turn) {
  blocks_.remove_rdd(message.rdd);
  events_.tell(protocol::UnpersistRdd{message.rdd}, turn);
  copies_.forget(message.rdd);
  if (!jobs_.empty() || !scheduler_.idle()) unpersisted_.insert(message.rdd);
  for (const auto& [key, worker] : workers_.workers()) {
    turn.outbox.send(worker.address, protocol::BlocksRemoved{message.rdd});
  }
  restart_pinned(turn);
}

bool DagScheduler::idle() const {
  return jobs_.empty() && stages_.empty() && map_stages_.empty() && waiting_.empty() &&
         failed_.empty() && ready_.empty() && forgotten_.empty() && deferred_.empty();
}

}  // namespace volley::driver
