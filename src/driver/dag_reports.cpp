// What the DagScheduler tells listeners: the attempts at its stages, from their beginning to their
// end, however they end.

#include "driver/dag_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

namespace {

protocol::RddInfo rdd_info(const Lineage& lineage, base::RddId id) {
  const protocol::RddSpec& rdd = lineage.at(id);
  protocol::RddInfo info{id, rdd.name, rdd.call_site, rdd.partitions};
  for (const protocol::Dependency& dependency : rdd.dependencies) {
    info.parents.push_back(dependency.parent);
  }
  const protocol::StoredRdd* stored = lineage.stored(id);
  if (lineage.is_persisted(id)) info.storage = protocol::StorageLevel::memory_only;
  if (stored != nullptr) info.storage = stored->level;
  info.barrier = rdd.barrier;
  return info;
}

}  // namespace

protocol::StageInfo DagScheduler::stage_info(const Stage& stage) const {
  protocol::StageInfo info;
  info.id = stage.id;
  info.attempt = stage.attempt;
  info.name = stage.name;
  info.tasks = stage.attempts == 0 ? stage.tasks : stage.attempt_tasks;
  for (const base::RddId id : narrow_closure(*stage.lineage, stage.final_rdd)) {
    info.rdds.push_back(rdd_info(*stage.lineage, id));
    for (const protocol::Dependency& dependency : stage.lineage->at(id).dependencies) {
      if (dependency.kind != protocol::DependencyKind::shuffle) continue;
      const auto parent = map_stages_.find(dependency.shuffle);
      if (parent != map_stages_.end()) info.parents.push_back(parent->second);
    }
  }
  std::sort(info.parents.begin(), info.parents.end());
  info.parents.erase(std::unique(info.parents.begin(), info.parents.end()), info.parents.end());
  if (stage.attempts > 0) info.submitted = events_.wall(stage.submitted);
  return info;
}

void DagScheduler::report_job(const protocol::JobSubmitted& message, const Job& job,
                              Turn& turn) const {
  if (!events_.wanted()) return;
  std::vector<protocol::StageInfo> stages;
  for (const base::StageId id : job.stages) stages.push_back(stage_info(stages_.at(id)));
  events_.job_started(message, std::move(stages), turn);
}

void DagScheduler::attempt_begins(Stage& stage, std::size_t tasks, Turn& turn) {
  stage.submitted = turn.now;
  stage.attempt_tasks = static_cast<std::uint32_t>(tasks);
  stage.in_attempt = true;
  statistics_.submitted(stage.id, stage.name, stage.tasks, stage.attempt_tasks, turn.now);
  if (events_.wanted()) events_.tell(protocol::StageSubmitted{stage_info(stage)}, turn);
}

void DagScheduler::attempt_ends(Stage& stage, const std::string& failure, Turn& turn) {
  if (!std::exchange(stage.in_attempt, false) || !events_.wanted()) return;
  protocol::StageCompleted completed{stage_info(stage)};
  completed.stage.completed = events_.wall(turn.now);
  completed.stage.failure = failure;
  events_.tell(std::move(completed), turn);
}

}  // namespace volley::driver
