#include "driver/task_set.hpp"

#include <algorithm>
#include <utility>

namespace volley::driver {

TaskSet::TaskSet(TaskSetSpec spec, const WorkerTable& workers, const Options& options,
                 base::TimePoint now)
    : options_(options), clock_(options.locality_wait, now), exclusion_(options.exclusion) {
  std::vector<TaskSpec> tasks = std::exchange(spec.tasks, {});
  spec_ = std::move(spec);
  remaining_ = tasks.size();
  tasks_.reserve(tasks.size());
  for (TaskSpec& task : tasks) tasks_.push_back({std::move(task), State::parked, 0, 0, {}});
  note_positions();
  for (Task& task : tasks_) put_back(task.spec.index, workers);
}

void TaskSet::note_positions() {
  bool same = true;
  for (std::size_t i = 0; i < tasks_.size(); ++i) same = same && tasks_[i].spec.index == i;
  if (same) return;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const std::uint32_t index = tasks_[i].spec.index;
    if (index >= position_.size()) position_.resize(index + std::size_t{1}, nowhere);
    position_[index] = static_cast<std::uint32_t>(i);
  }
}

void TaskSet::set_state(Task& task, State state) {
  if (task.state == State::waiting) --pending_;
  if (state == State::waiting) ++pending_;
  task.state = state;
}

void TaskSet::put_back(std::uint32_t index, const WorkerTable& workers) {
  Task& task = at(index);
  if (task.state == State::done || !task.attempts.empty()) return;
  std::erase_if(task.spec.preferred, [&](const WorkerKey& key) {
    const Worker* worker = workers.live(key) ? workers.find(key) : nullptr;
    if (worker == nullptr || (task.spec.node && worker->node != *task.spec.node)) return true;
    preferred_nodes_[key] = worker->node;
    inhabited_.insert(worker->node);
    return false;
  });
  for (const std::uint32_t node : task.spec.near) {
    if (workers.node_live(node)) inhabited_.insert(node);
  }
  set_state(task, State::waiting);
  enlist(task);
}

void TaskSet::enlist(Task& task) {
  const std::uint32_t index = task.spec.index;
  const bool prefers = !task.spec.preferred.empty() || !task.spec.near.empty();
  for (const WorkerKey& key : task.spec.preferred) by_worker_[key].push_back(index);
  has_preferences_ |= prefers;
  has_pinned_ |= task.spec.pinned;
  if (task.spec.node) bound_nodes_.insert(*task.spec.node);
  if (task.spec.pinned) return;
  std::set<std::uint32_t> nodes(task.spec.near.begin(), task.spec.near.end());
  for (const WorkerKey& key : task.spec.preferred) nodes.insert(preferred_nodes_.at(key));
  for (const std::uint32_t node : nodes) near_[node].push_back(index);
  if (prefers) {
    (task.spec.node ? delayed_by_node_[*task.spec.node] : delayed_).push_back(index);
  } else {
    (task.spec.node ? by_node_[*task.spec.node] : anywhere_).push_back(index);
  }
}

std::optional<std::uint32_t> TaskSet::pop(List& list, const Worker& worker, bool preferred) {
  for (std::size_t place = 0; place < list.size();) {
    const std::uint32_t index = list[place];
    Task& task = at(index);
    const auto& wanted = task.spec.preferred;
    const bool stale =
        task.state != State::waiting || (task.spec.node && *task.spec.node != worker.node) ||
        (preferred && std::find(wanted.begin(), wanted.end(), worker.key) == wanted.end());
    const bool excluded =
        !stale && exclusion_.excludes_task(index, worker.key.executor, worker.node);
    if (excluded) {
      ++place;
      continue;
    }
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(place));
    if (stale) continue;
    set_state(task, State::running);
    return index;
  }
  return std::nullopt;
}

const std::vector<Locality>& TaskSet::levels() const {
  static const std::vector<Locality> all{Locality::process, Locality::node, Locality::no_preference,
                                         Locality::any};
  static const std::vector<Locality> any{Locality::any};
  return has_preferences_ ? all : any;
}

Locality TaskSet::allowed(base::TimePoint now) {
  const auto waits = [&](auto& lists, auto&& somebody_there) {
    for (auto entry = lists.begin(); entry != lists.end();) {
      List& list = entry->second;
      while (!list.empty() && at(list.front()).state != State::waiting) list.pop_front();
      if (!list.empty() && somebody_there(entry->first)) return true;
      entry = list.empty() ? lists.erase(entry) : std::next(entry);
    }
    return false;
  };
  if (!has_preferences_) return Locality::any;
  const bool process = waits(by_worker_, [](const WorkerKey&) { return true; });
  const bool node = waits(near_, [&](std::uint32_t id) { return inhabited_.contains(id); });
  return clock_.allowed(now, process, node);
}

std::optional<TaskSet::Taken> TaskSet::take(const Worker& worker, Locality most,
                                            base::TimePoint now) {
  if (pending_ == 0) return std::nullopt;
  const auto from = [&](auto& lists, auto key, bool preferred) -> std::optional<std::uint32_t> {
    const auto found = lists.find(key);
    if (found == lists.end()) return std::nullopt;
    auto index = pop(found->second, worker, preferred);
    if (found->second.empty()) lists.erase(found);
    return index;
  };
  if (has_preferences_) {
    if (auto index = from(by_worker_, worker.key, true)) return Taken{*index, Locality::process};
    if (most == Locality::process) return std::nullopt;
    const Locality far = allowed(now);
    if (far >= Locality::node) {
      if (auto index = from(near_, worker.node, false)) return Taken{*index, Locality::node};
    }
    if (most == Locality::node) return std::nullopt;
  }
  if (auto index = from(by_node_, worker.node, false)) {
    return Taken{*index, Locality::no_preference};
  }
  if (auto index = pop(anywhere_, worker, false)) return Taken{*index, Locality::no_preference};
  if (most != Locality::any || allowed(now) != Locality::any) return std::nullopt;
  if (auto index = from(delayed_by_node_, worker.node, false)) return Taken{*index, Locality::any};
  if (auto index = pop(delayed_, worker, false)) return Taken{*index, Locality::any};
  return std::nullopt;
}

void TaskSet::round_over(std::optional<Locality> nearest, bool refused, base::TimePoint now) {
  if (has_preferences_ && nearest && !refused) clock_.used_all(now, *nearest);
}

bool TaskSet::waits_for_better(base::TimePoint now) {
  return has_preferences_ && pending_ > 0 && allowed(now) != Locality::any;
}

void TaskSet::worker_added(const Worker& worker, base::TimePoint now) {
  if (!has_preferences_) return;
  inhabited_.insert(worker.node);
  if (near_.contains(worker.node)) clock_.start_over(now);
}

std::vector<GangTask> TaskSet::gang() const {
  std::vector<GangTask> all;
  for (const Task& task : tasks_) {
    if (task.state != State::waiting) return {};
    GangTask& member = all.emplace_back(GangTask{task.spec.index, task.spec.node, {}});
    if (task.spec.pinned) member.only_beside = task.spec.preferred;
  }
  return all;
}

void TaskSet::take_gang() {
  for (Task& task : tasks_) set_state(task, State::running);
}

std::uint32_t TaskSet::started(std::uint32_t index, base::TaskId id, const Worker& worker,
                               base::TimePoint now) {
  Task& task = at(index);
  task.attempts.push_back({id, worker.key, worker.node, now});
  ++running_;
  return task.launches++;
}

void TaskSet::ended(std::uint32_t index, base::TaskId id) {
  --running_;
  Task& task = at(index);
  std::erase_if(task.attempts, [&](const Attempt& attempt) { return attempt.task == id; });
  if (task.attempts.empty()) copies_wanted_.erase(index);
}

std::uint32_t TaskSet::count_failure(std::uint32_t index, std::string reason) {
  failed_ = true;
  last_failure_ = std::move(reason);
  return ++at(index).failures;
}

bool TaskSet::mark_done(std::uint32_t index) {
  if (position(index) == nowhere) return false;
  Task& task = at(index);
  if (task.state == State::done) return false;
  set_state(task, State::done);
  copies_wanted_.erase(index);
  --remaining_;
  return true;
}

void TaskSet::worker_lost(const WorkerKey& key) {
  defined_.erase(key);
  auto node = by_worker_.extract(key);
  if (node.empty()) return;
  for (const std::uint32_t index : node.mapped()) {
    Task& task = at(index);
    if (std::erase(task.spec.preferred, key) == 0) continue;
    if (task.state == State::waiting && task.spec.preferred.empty()) enlist(task);
  }
}

std::vector<std::uint32_t> TaskSet::park_homeless(const WorkerTable& workers, base::TimePoint now,
                                                  base::Duration wait) {
  std::vector<std::uint32_t> parked;
  std::set<std::uint32_t> gone;
  for (const std::uint32_t node : bound_nodes_) {
    if (workers.node_live(node)) {
      homeless_since_.erase(node);
    } else if (now - homeless_since_.try_emplace(node, now).first->second >= wait) {
      gone.insert(node);
    }
  }
  if (gone.empty() || pending_ == 0) return parked;
  for (Task& task : tasks_) {
    if (task.state != State::waiting || !task.spec.node || !gone.contains(*task.spec.node))
      continue;
    set_state(task, State::parked);
    parked.push_back(task.spec.index);
  }
  return parked;
}

void TaskSet::unpark(std::uint32_t index, std::uint32_t node, const WorkerTable& workers) {
  if (position(index) == nowhere || at(index).state != State::parked) return;
  at(index).spec.node = node;
  at(index).spec.pinned = false;
  put_back(index, workers);
}

std::vector<base::TaskId> TaskSet::attempts(std::uint32_t index) const {
  std::vector<base::TaskId> ids;
  if (position(index) == nowhere) return ids;
  for (const Attempt& attempt : at(index).attempts) ids.push_back(attempt.task);
  return ids;
}

}  // namespace volley::driver
