#pragma once
// TaskSet: the tasks of one stage attempt and who may run them next. Every task is known by its
// index in the stage (for a map stage the partition). A task may be bound to a node (its shuffle
// data is readable there only) and may prefer workers that hold a cached block; for preferred
// workers it waits a while. Lists of waiting tasks are cleaned lazily, so each step is O(1)
// amortised.

#include "driver/narrow_plan.hpp"
#include "driver/worker_table.hpp"
#include "protocol/program.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace volley::driver {

struct TaskSpec {
  std::uint32_t index = 0;
  std::uint32_t partition = 0;
  std::optional<std::uint32_t> node;  ///< the only node where it may run
  std::vector<WorkerKey> preferred;   ///< hold a cached block it can start from
  bool pinned = false;  ///< only preferred workers will do: other inputs are not there
};

struct TaskSetSpec {
  base::JobId job = 0;
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::shared_ptr<const protocol::StageBinary> binary;
  std::shared_ptr<const NarrowPlan> plan;
  std::vector<TaskSpec> tasks;
};

class TaskSet {
 public:
  static constexpr std::uint32_t most_ahead = 256;

  TaskSet(TaskSetSpec spec, const WorkerTable& workers, base::TimePoint now);

  /// A task for a free slot of the worker; it counts as running from now on.
  std::optional<std::uint32_t> take(const Worker& worker, base::TimePoint now, base::Duration wait);
  /// A new attempt's number, from 0, of a task that was taken.
  std::uint32_t started(std::uint32_t index, base::TaskId task);
  void ended(std::uint32_t index, base::TaskId task);
  /// Back to the waiting tasks, unless it is done or runs elsewhere.
  void put_back(std::uint32_t index, const WorkerTable& workers);
  std::uint32_t count_failure(std::uint32_t index) {
    failed_ = true;
    return ++at(index).failures;
  }
  /// How long a task ran that succeeded.
  void note_duration(base::Duration duration);
  /// How many tasks more than it has slots a worker may be given, for each slot: while tasks are so
  /// short that they would mostly wait for the next one to come. None once one has failed.
  std::uint32_t ahead() const;
  /// How long a worker takes for so many tasks in one slot, as far as is known.
  base::Duration expected(std::size_t tasks) const {
    return typical_ * static_cast<base::Duration::rep>(tasks);
  }
  /// Whether the task may run on another worker of the node as well.
  bool may_run_on(std::uint32_t index, std::uint32_t node) const {
    const TaskSpec& task = at(index).spec;
    return !task.pinned && (!task.node || *task.node == node);
  }
  /// False when it was done before or is not part of the set.
  bool mark_done(std::uint32_t index);

  void worker_lost(const WorkerKey& key);
  /// Takes out the waiting tasks whose node had no live worker for `wait`.
  std::vector<std::uint32_t> park_homeless(const WorkerTable& workers, base::TimePoint now,
                                           base::Duration wait);
  /// A parked task has a node again.
  void unpark(std::uint32_t index, std::uint32_t node, const WorkerTable& workers);

  /// No more launches; what runs may finish.
  void retire() { zombie_ = true; }
  bool active() const { return !zombie_ && remaining_ > 0; }
  std::size_t pending() const { return pending_; }
  std::size_t running() const { return running_; }
  /// Attempts of the task that run now; empty for a task of another set.
  std::vector<base::TaskId> attempts(std::uint32_t index) const;
  std::uint32_t partition(std::uint32_t index) const { return at(index).spec.partition; }

  const protocol::StageBinary& binary() const { return *spec_.binary; }
  const TaskSetSpec& spec() const { return spec_; }
  /// Workers that know the stage's binary.
  std::set<WorkerKey>& defined() { return defined_; }

 private:
  enum class State : std::uint8_t { waiting, parked, running, done };
  struct Task {
    TaskSpec spec;
    State state = State::parked;
    std::uint32_t failures = 0;
    std::uint32_t launches = 0;
    std::vector<base::TaskId> attempts;
  };
  using List = std::deque<std::uint32_t>;

  Task& at(std::uint32_t index) { return tasks_[position_.at(index)]; }
  const Task& at(std::uint32_t index) const { return tasks_[position_.at(index)]; }
  void set_state(Task& task, State state);
  void enlist(Task& task);
  std::optional<std::uint32_t> pop(List& list, const Worker& worker, bool preferred);

  TaskSetSpec spec_;  ///< without tasks
  std::vector<Task> tasks_;
  std::unordered_map<std::uint32_t, std::size_t> position_;  ///< index to place in tasks_
  std::map<WorkerKey, List> by_worker_;
  std::unordered_map<std::uint32_t, List> by_node_;
  List anywhere_;
  std::unordered_map<std::uint32_t, List> delayed_by_node_;  ///< also in by_worker_
  List delayed_;                                             ///< also in by_worker_
  std::set<std::uint32_t> bound_nodes_;
  std::map<std::uint32_t, base::TimePoint> homeless_since_;  ///< by node
  std::set<WorkerKey> defined_;
  base::TimePoint local_since_;  ///< last launch beside a cached block
  std::size_t pending_ = 0;
  std::size_t running_ = 0;
  std::size_t remaining_ = 0;
  base::Duration typical_{};  ///< moving mean of durations; 0: none known
  bool failed_ = false;
  bool zombie_ = false;
};

}  // namespace volley::driver
