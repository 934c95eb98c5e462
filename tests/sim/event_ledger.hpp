#pragma once
// EventLedger: holds the driver to what it tells listeners: whatever begins ends, once, and nothing
// happens to what has not begun or is over.

#include "protocol/events.hpp"
#include "tests/sim/violation.hpp"

#include <set>
#include <utility>
#include <variant>

namespace volley::sim {

class EventLedger {
 public:
  void enter(const protocol::Event& event) {
    std::visit([this](const auto& one) { on(one); }, event);
  }
  /// Of the driver at rest.
  void check_closed() const {
    require(jobs_.empty(), "job {} was never told to end", *jobs_.begin());
    require(stages_.empty(), "an attempt at stage {} was never told to end",
            stages_.begin()->first);
    require(tasks_.empty(), "task attempt {} was never told to end", *tasks_.begin());
  }

 private:
  void on(const protocol::JobStart& e) {
    require(jobs_.insert(e.job).second, "job {} starts twice", e.job);
  }
  void on(const protocol::JobEnd& e) {
    require(jobs_.erase(e.job) == 1, "job {} ends, and does not run", e.job);
  }
  void on(const protocol::StageSubmitted& e) {
    const std::pair attempt{e.stage.id, e.stage.attempt};
    require(seen_stages_.insert(attempt).second, "stage {}.{} begins twice", attempt.first,
            attempt.second);
    require(!jobs_.empty(), "stage {} begins without a job", attempt.first);
    stages_.insert(attempt);
  }
  void on(const protocol::StageCompleted& e) {
    require(stages_.erase({e.stage.id, e.stage.attempt}) == 1, "stage {}.{} ends, and does not run",
            e.stage.id, e.stage.attempt);
  }
  void on(const protocol::TaskStart& e) {
    require(stages_.contains({e.stage, e.stage_attempt}), "task {} starts, and its stage is over",
            e.task.id);
    require(next_task_ <= e.task.id, "task attempt {} starts after later ones", e.task.id);
    next_task_ = e.task.id + 1;
    tasks_.insert(e.task.id);
  }
  void on(const protocol::TaskEnd& e) {
    require(tasks_.erase(e.task.id) == 1, "task attempt {} ends, and does not run", e.task.id);
  }
  void on(const protocol::ExecutorAdded& e) {
    require(executors_.insert(e.executor).second, "executor {} comes twice", e.executor);
  }
  void on(const protocol::ExecutorRemoved& e) {
    require(gone_.insert(e.executor).second, "executor {} goes twice", e.executor);
  }
  template <class Other>
  void on(const Other&) {}

  std::set<base::JobId> jobs_;
  std::set<std::pair<base::StageId, std::uint32_t>> stages_;
  std::set<std::pair<base::StageId, std::uint32_t>> seen_stages_;
  std::set<base::TaskId> tasks_;
  std::set<base::ExecutorId> executors_;
  std::set<base::ExecutorId> gone_;
  base::TaskId next_task_ = 0;
};

}  // namespace volley::sim
