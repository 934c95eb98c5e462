#pragma once
// TaskSet: the tasks of one stage attempt and who may run them next. Every task is known by its
// index in the stage (for a map stage the partition). A task may be bound to a node (its shuffle
// data is readable there only) and may prefer workers that hold a cached block; for these, and
// then for their nodes, it waits a while. Tasks that take too long may get a copy elsewhere. Lists
// of waiting tasks are cleaned lazily, so each step is O(1) amortised.

#include "driver/exclusion.hpp"
#include "driver/gang.hpp"
#include "driver/locality.hpp"
#include "driver/narrow_plan.hpp"
#include "driver/options.hpp"
#include "driver/usable_places.hpp"
#include "driver/worker_table.hpp"
#include "protocol/program.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace volley::driver {

struct TaskSpec {
  std::uint32_t index = 0;
  std::uint32_t partition = 0;
  std::optional<std::uint32_t> node;  ///< the only node where it may run
  std::vector<WorkerKey> preferred;   ///< hold a cached block it can start from
  std::vector<std::uint32_t> near{};  ///< nodes where it would be better off than elsewhere
  bool pinned = false;  ///< only preferred workers will do: other inputs are not there
  std::optional<protocol::TaskPart> part{};  ///< of the partition; nothing: all of it
};

/// A waiting task that must be moved with its data.
struct HomelessTask {
  std::uint32_t index = 0;
  AvoidedNodes avoid{};  ///< where failures keep it from every executor
};

struct TaskSetSpec {
  base::JobId job = 0;
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::shared_ptr<const protocol::StageBinary> binary;
  std::shared_ptr<const NarrowPlan> plan;
  std::vector<TaskSpec> tasks;
  std::string pool;
  bool barrier = false;  ///< its tasks start together
};

class TaskSet {
 public:
  static constexpr std::uint32_t most_ahead = 256;

  struct Attempt {
    base::TaskId task = 0;
    WorkerKey worker;
    std::uint32_t node = 0;
    base::TimePoint started{};
  };
  struct Taken {
    std::uint32_t index = 0;
    Locality locality = Locality::any;
  };

  /// `options` must outlive the set.
  TaskSet(TaskSetSpec spec, const WorkerTable& workers, const Options& options,
          base::TimePoint now);

  /// A task for a free slot of the worker, no further from its data than `most` and the time allow.
  /// It counts as running from now on.
  std::optional<Taken> take(const Worker& worker, Locality most, base::TimePoint now);
  /// A task that runs elsewhere and is to get a copy: on another node, or only on another executor.
  std::optional<std::uint32_t> take_copy(const Worker& worker, bool same_node);
  /// The waiting tasks of a barrier set, all of them or none, as running.
  std::vector<GangTask> gang() const;
  void take_gang();
  /// A new attempt's number, from 0, of a task that was taken.
  std::uint32_t started(std::uint32_t index, base::TaskId task, const Worker& worker,
                        base::TimePoint now);
  void ended(std::uint32_t index, base::TaskId task);
  /// Back to the waiting tasks, unless it is done or runs elsewhere.
  void put_back(std::uint32_t index, const WorkerTable& workers);
  std::uint32_t count_failure(std::uint32_t index, std::string reason);
  /// How long a task ran that succeeded.
  void note_duration(base::Duration duration);
  /// How many tasks more than it has slots a worker may be given, for each slot: while tasks are so
  /// short that they would mostly wait for the next one to come. None once one has failed. `slots`:
  /// of all workers.
  std::uint32_t ahead(std::size_t slots) const;
  /// How long a worker takes for so many tasks in one slot, as far as is known.
  base::Duration expected(std::size_t tasks) const {
    return typical_ * static_cast<base::Duration::rep>(tasks);
  }
  /// Any worker will do for any of its tasks, as far as data and failures go.
  bool runs_anywhere() const {
    return !has_preferences_ && bound_nodes_.empty() && exclusion_.empty();
  }
  /// Whether the task may run on another worker of the node as well.
  bool may_run_on(std::uint32_t index, std::uint32_t node) const {
    const TaskSpec& task = at(index).spec;
    return !task.pinned && (!task.node || *task.node == node);
  }
  /// False when it was done before or is not part of the set.
  bool mark_done(std::uint32_t index);

  /// Near to far, those that can matter here.
  const std::vector<Locality>& levels() const;
  /// A round of offers is over; `nearest` of what was launched, or that tasks wait although there
  /// are free slots, for better ones.
  void round_over(std::optional<Locality> nearest, bool refused, base::TimePoint now);
  /// Whether a free slot that was not taken was refused for a better place.
  bool waits_for_better(base::TimePoint now);

  /// Marks stragglers for a copy; returns how many are new.
  std::size_t find_stragglers(const WorkerTable& workers, base::TimePoint now);
  std::size_t copies_wanted() const { return copies_wanted_.size(); }

  void worker_lost(const WorkerKey& key);
  void worker_added(const Worker& worker, base::TimePoint now);
  /// Takes out the waiting tasks whose node had no live worker for `wait`.
  std::vector<std::uint32_t> park_homeless(const WorkerTable& workers, base::TimePoint now,
                                           base::Duration wait);
  /// The same for those that are bound to a node, or to holders of cached blocks, where failures
  /// exclude them from all that live, unless they are excluded everywhere.
  std::vector<std::uint32_t> park_excluded(const WorkerTable& workers, const UsablePlaces& places);
  /// A task as its record of failures is asked for.
  UsablePlaces::Which which(std::uint32_t index) const { return {index, at(index).failures > 0}; }
  /// A parked task has a node again, where all that it reads is.
  void unpark(std::uint32_t index, std::uint32_t node, const WorkerTable& workers);

  /// No more launches; what runs may finish.
  void retire() { zombie_ = true; }
  bool active() const { return !zombie_ && remaining_ > 0; }
  bool succeeded() const { return remaining_ == 0; }
  std::size_t pending() const { return pending_; }
  std::size_t running() const { return running_; }
  std::size_t size() const { return tasks_.size(); }
  /// A waiting task that failures have excluded from every live worker. One whose node has none at
  /// the moment waits for that.
  std::optional<std::uint32_t> stuck_task(const UsablePlaces& places) const;
  const std::string& last_failure() const { return last_failure_; }
  /// Attempts of the task that run now; empty for a task of another set.
  std::vector<base::TaskId> attempts(std::uint32_t index) const;
  const TaskSpec& task(std::uint32_t index) const { return at(index).spec; }
  std::uint32_t partition(std::uint32_t index) const { return task(index).partition; }

  const protocol::StageBinary& binary() const { return *spec_.binary; }
  const TaskSetSpec& spec() const { return spec_; }
  TaskSetExclusion& exclusion() { return exclusion_; }
  const TaskSetExclusion& exclusion() const { return exclusion_; }
  /// True the first time.
  bool first_large() { return !std::exchange(large_, true); }
  /// Workers that know the stage's binary.
  WorkerSet& defined() { return defined_; }

 private:
  enum class State : std::uint8_t { waiting, parked, running, done };
  struct Task {
    TaskSpec spec;
    State state = State::parked;
    std::uint32_t failures = 0;
    std::uint32_t launches = 0;
    std::vector<Attempt> attempts;
  };
  using List = std::deque<std::uint32_t>;
  template <class Key>
  using Lists = std::map<Key, List>;

  static constexpr std::uint32_t nowhere = ~0U;
  /// The index's place in tasks_; nowhere: it is not part of the set.
  std::uint32_t position(std::uint32_t index) const {
    if (position_.empty()) return index < tasks_.size() ? index : nowhere;
    return index < position_.size() ? position_[index] : nowhere;
  }
  Task& at(std::uint32_t index) { return tasks_.at(position(index)); }
  const Task& at(std::uint32_t index) const { return tasks_.at(position(index)); }
  void note_positions();
  void set_state(Task& task, State state);
  void enlist(Task& task);
  std::optional<std::uint32_t> pop(List& list, const Worker& worker, bool preferred);
  Locality allowed(base::TimePoint now);
  bool may_copy(const Task& task, const Worker& worker, bool same_node) const;

  const Options& options_;
  TaskSetSpec spec_;  ///< without tasks
  std::vector<Task> tasks_;
  std::vector<std::uint32_t> position_;  ///< by index; empty: the same
  Lists<WorkerKey> by_worker_;
  Lists<std::uint32_t> near_;  ///< by the nodes of preferred workers; also in by_worker_
  std::unordered_map<std::uint32_t, List> by_node_;  ///< bound and without preference
  List anywhere_;
  std::unordered_map<std::uint32_t, List> delayed_by_node_;  ///< also in by_worker_
  List delayed_;                                             ///< also in by_worker_
  std::map<WorkerKey, std::uint32_t> preferred_nodes_;       ///< of preferred workers
  std::set<std::uint32_t> inhabited_;  ///< nodes of near_ that have had a live worker
  std::set<std::uint32_t> bound_nodes_;
  std::map<std::uint32_t, base::TimePoint> homeless_since_;  ///< by node
  WorkerSet defined_;
  DelayClock clock_;
  bool has_preferences_ = false;
  bool has_pinned_ = false;
  TaskSetExclusion exclusion_;
  std::set<std::uint32_t> copies_wanted_;
  std::vector<base::Duration> durations_;  ///< of successful tasks, while speculation is on
  std::string last_failure_;
  std::size_t pending_ = 0;
  std::size_t running_ = 0;
  std::size_t remaining_ = 0;
  base::Duration typical_{};  ///< moving mean of durations; 0: none known
  std::size_t timed_ = 0;     ///< tasks whose duration is known
  bool failed_ = false;
  bool zombie_ = false;
  bool large_ = false;
};

}  // namespace volley::driver
