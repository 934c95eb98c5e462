#pragma once
// CommitCoordinator: which attempt at a task may publish its output. The first that asks may; the
// others are denied until that one has failed. It knows nothing of tasks that never ask.

#include "base/ids.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace volley::driver {

class CommitCoordinator {
 public:
  /// Asking again gives the same answer.
  bool may_commit(base::StageId stage, std::uint32_t index, base::TaskId attempt);
  /// The attempt ended without a success. It will not be let again.
  void failed(base::StageId stage, std::uint32_t index, base::TaskId attempt);
  void stage_over(base::StageId stage);
  bool empty() const { return tasks_.empty(); }

 private:
  struct Task {
    std::optional<base::TaskId> committer;
    std::set<base::TaskId> failed;
  };
  std::map<std::pair<base::StageId, std::uint32_t>, Task> tasks_;
};

}  // namespace volley::driver
