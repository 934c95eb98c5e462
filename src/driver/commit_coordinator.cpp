#include "driver/commit_coordinator.hpp"

namespace volley::driver {

bool CommitCoordinator::may_commit(base::StageId stage, std::uint32_t index, base::TaskId attempt) {
  Task& task = tasks_[{stage, index}];
  if (task.failed.contains(attempt)) return false;
  if (!task.committer) task.committer = attempt;
  return *task.committer == attempt;
}

void CommitCoordinator::failed(base::StageId stage, std::uint32_t index, base::TaskId attempt) {
  const auto found = tasks_.find({stage, index});
  if (found == tasks_.end()) return;
  found->second.failed.insert(attempt);
  if (found->second.committer == attempt) found->second.committer.reset();
}

void CommitCoordinator::stage_over(base::StageId stage) {
  tasks_.erase(tasks_.lower_bound({stage, 0}), tasks_.lower_bound({stage + 1, 0}));
}

}  // namespace volley::driver
