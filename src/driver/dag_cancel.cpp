// The DagScheduler's jobs that end before their time, and what barrier stages need: slots for all
// tasks at once, and a new attempt when one of them fails.

#include "driver/dag_scheduler.hpp"
#include "driver/gang.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace volley::driver {

using base::JobId;

namespace {

constexpr auto component = "DAGScheduler";
constexpr std::size_t most_cancelled_groups = 1000;

bool tagged(const std::vector<std::string>& tags, const std::string& tag) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

}  // namespace

void DagScheduler::cancel_job(JobId id, const std::string& reason, Turn& turn) {
  const std::string text = cancelled_text(id, reason);
  if (jobs_.contains(id)) {
    end_job(id, text, turn);
  } else if (auto node = deferred_.extract(id); !node.empty()) {
    refuse_job(node.mapped().message, text, turn);
  }
}

void DagScheduler::on(const protocol::JobCancelRequested& message, Turn& turn) {
  cancel_job(message.job, message.reason, turn);
}

void DagScheduler::on(const protocol::JobGroupCancelRequested& message, Turn& turn) {
  const std::string reason =
      message.reason.empty() ? "part of cancelled job group " + message.group : message.reason;
  if (message.future_jobs) {
    cancelled_groups_.push_back(message.group);
    if (cancelled_groups_.size() > most_cancelled_groups) cancelled_groups_.pop_front();
  }
  std::vector<JobId> ids;
  for (const auto& [id, job] : jobs_) {
    if (job.group == message.group) ids.push_back(id);
  }
  for (const auto& [id, job] : deferred_) {
    if (job.message.group == message.group) ids.push_back(id);
  }
  log_.info(component, "Asked to cancel job group {}: {} jobs", message.group, ids.size());
  for (const JobId id : ids) cancel_job(id, reason, turn);
}

void DagScheduler::on(const protocol::TaggedJobsCancelRequested& message, Turn& turn) {
  const std::string reason =
      message.reason.empty() ? "part of cancelled job tag " + message.tag : message.reason;
  std::vector<JobId> ids;
  for (const auto& [id, job] : jobs_) {
    if (tagged(job.tags, message.tag)) ids.push_back(id);
  }
  for (const auto& [id, job] : deferred_) {
    if (tagged(job.message.tags, message.tag)) ids.push_back(id);
  }
  log_.info(component, "Asked to cancel jobs with tag {}: {} jobs", message.tag, ids.size());
  for (const JobId id : ids) cancel_job(id, reason, turn);
}

void DagScheduler::on(const protocol::AllJobsCancelRequested& message, Turn& turn) {
  const std::string reason =
      message.reason.empty() ? "as part of cancellation of all jobs" : message.reason;
  std::vector<JobId> ids;
  for (const auto& [id, job] : jobs_) ids.push_back(id);
  for (const auto& [id, job] : deferred_) ids.push_back(id);
  for (const JobId id : ids) cancel_job(id, reason, turn);
}

void DagScheduler::on(const protocol::StageCancelRequested& message, Turn& turn) {
  const auto stage = stages_.find(message.stage);
  if (stage == stages_.end()) {
    log_.info(component, "No active jobs to kill for stage {}", message.stage);
    return;
  }
  std::string reason = fmt::format("because Stage {} was cancelled", message.stage);
  if (!message.reason.empty()) reason += ": " + message.reason;
  for (const JobId id : std::set<JobId>(stage->second.jobs)) cancel_job(id, reason, turn);
}

DagScheduler::BarrierCheck DagScheduler::check_barriers(
    const Lineage& lineage, const protocol::JobSubmitted& message) const {
  BarrierCheck check;
  const bool any = std::any_of(message.rdds.begin(), message.rdds.end(),
                               [](const auto& rdd) { return rdd->barrier; });
  if (!any) return check;
  for (const StageCut& cut : cut_stages(lineage, message.final_rdd)) {
    if (!in_barrier(lineage, cut.final_rdd)) continue;
    if (cut.shuffle != nullptr && shuffles_.complete(cut.shuffle->shuffle)) continue;
    const auto tasks = cut.shuffle != nullptr
                           ? lineage.at(cut.final_rdd).partitions
                           : static_cast<std::uint32_t>(message.partitions.size());
    check.problem = barrier_problem(lineage, cut.final_rdd, tasks, options_.allocation.enabled);
    if (!check.problem.empty()) return check;
    check.slots_needed = std::max(check.slots_needed, tasks);
  }
  return check;
}

void DagScheduler::check_deferred(Turn& turn) {
  std::vector<JobId> due;
  for (const auto& [id, job] : deferred_) {
    if (job.next_check <= turn.now) due.push_back(id);
  }
  for (const JobId id : due) {
    DeferredJob& job = deferred_.at(id);
    auto lineage = std::make_shared<const Lineage>(job.message.rdds, job.message.persisted,
                                                   job.message.stored);
    const BarrierCheck check = check_barriers(*lineage, job.message);
    if (check.slots_needed > workers_.slots() && ++job.checks <= options_.barrier.checks) {
      job.next_check = turn.now + options_.barrier.check_interval;
      continue;
    }
    const protocol::JobSubmitted message = std::move(deferred_.extract(id).mapped().message);
    if (check.slots_needed > workers_.slots()) {
      refuse_job(message, too_few_slots_text(check.slots_needed, workers_.slots()), turn);
    } else {
      begin_job(message, std::move(lineage), turn);
    }
  }
}

void DagScheduler::gang_broken(Stage& stage, const TaskEnd& end, Turn& turn) {
  if (end.stage_attempt != stage.attempt || stage.state != StageState::running) return;
  const auto job = jobs_.find(stage.first_job);
  const bool results = stage.shuffle == nullptr && job != jobs_.end() &&
                       job->second.remaining < job->second.done.size();
  if (results) {
    fail_jobs_of(stage.id,
                 "Job aborted due to stage failure: Could not recover from a failed barrier "
                 "ResultStage. Most recent failure reason: " +
                     end.report.error,
                 turn);
    return;
  }
  input_lost(stage, end.report.error, true, turn);
}

}  // namespace volley::driver
