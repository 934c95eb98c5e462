#pragma once
// GroupWatch: the tasks of an executor that may be inside an MPI library, where nothing but their
// peers can end them; and since when they should have stopped. Not synchronised.

#include "base/ids.hpp"
#include "base/units.hpp"

#include <map>
#include <optional>

namespace volley::worker {

class GroupWatch {
 public:
  /// From here on the task may wait inside MPI; `asked`: whether it was asked to stop before.
  void enter(base::TaskId task, bool asked, base::TimePoint now) {
    inside_[task] = asked ? std::optional(now) : std::nullopt;
  }
  void leave(base::TaskId task) { inside_.erase(task); }
  /// The task, if it is inside, should stop.
  void ask(base::TaskId task, base::TimePoint now) {
    const auto found = inside_.find(task);
    if (found != inside_.end() && !found->second) found->second = now;
  }
  /// A task that has not stopped in so much time.
  std::optional<base::TaskId> stuck(base::TimePoint now, base::Duration patience) const {
    for (const auto& [task, asked] : inside_) {
      if (asked && now - *asked >= patience) return task;
    }
    return std::nullopt;
  }
  std::optional<base::TaskId> any() const {
    return inside_.empty() ? std::nullopt : std::optional(inside_.begin()->first);
  }

 private:
  std::map<base::TaskId, std::optional<base::TimePoint>> inside_;
};

}  // namespace volley::worker
