#include "worker/task_pool.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <typeinfo>
#include <unordered_set>

namespace volley::worker {
namespace {

/// What every table of a task may have in any case.
constexpr std::uint64_t most_floor = 16U << 20U;

std::string type_name(const std::exception& error) {
  int status = 0;
  char* name = abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status);
  std::string text = status == 0 && name != nullptr ? name : typeid(error).name();
  std::free(name);
  return text;
}

}  // namespace

TaskPool::TaskPool(Options options, storage::NodeArena& arena)
    : options_(std::move(options)),
      arena_(arena),
      memory_({options_.memory, options_.protected_storage,
               std::min(most_floor, options_.memory / (8 * std::max(options_.threads, 1U))),
               std::max(options_.threads, 1U)}),
      disk_(arena, options_.arena_owner),
      broadcasts_(arena, {[this](std::uint32_t number) { post(BroadcastAsked{number}); },
                          [this](std::uint32_t number, base::Rank holder) {
                            post(BroadcastLetGo{number, holder});
                          }}) {
  memory_.set_make_room([this](std::uint64_t bytes) { blocks_.make_room(bytes); });
  for (std::uint32_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { work(); });
}

TaskPool::~TaskPool() {
  shut_down();
  if (options_.communicators != nullptr) wait_for_groups();
  for (std::thread& thread : threads_) thread.join();
}

void TaskPool::submit(TaskJob job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void TaskPool::answer(protocol::PartitionListed answer) {
  {
    const std::lock_guard lock(mutex_);
    const auto waiting = answers_.find(answer.request);
    if (waiting == answers_.end()) return;  // the task has given up
    waiting->second.listed = std::move(answer);
    if (!waiting->second.awaited) return;
  }
  changed_.notify_all();
}

void TaskPool::answer_commit(base::TaskId task, bool allowed) {
  {
    const std::lock_guard lock(mutex_);
    const auto waiting = commits_.find(task);
    if (waiting == commits_.end()) return;
    waiting->second = allowed;
  }
  changed_.notify_all();
}

bool TaskPool::may_commit(const protocol::TaskAttempt& attempt) {
  {
    const std::lock_guard lock(mutex_);
    commits_[attempt.task].reset();
  }
  post(CommitWanted{attempt});
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || commits_.at(attempt.task).has_value(); });
  const std::optional<bool> answer = commits_.at(attempt.task);
  commits_.erase(attempt.task);
  if (!answer) throw program::TaskStopped("the executor is stopping");
  return *answer;
}

void TaskPool::answer_barrier(protocol::BarrierPassed answer) {
  {
    const std::lock_guard lock(mutex_);
    const auto waiting = barriers_.find(answer.task);
    if (waiting == barriers_.end()) return;
    waiting->second = std::move(answer);
  }
  changed_.notify_all();
}

void TaskPool::wake(base::TaskId task) {
  memory_.wake();
  broadcasts_.wake();
  const std::lock_guard lock(mutex_);
  groups_.ask(task, std::chrono::steady_clock::now());
  if (barriers_.contains(task) || !block_parts_.empty()) changed_.notify_all();
}

protocol::BarrierPassed TaskPool::wait_at_barrier(protocol::BarrierReached reached,
                                                  const std::atomic<bool>& stop) {
  const base::TaskId task = reached.attempt.task;
  {
    const std::lock_guard lock(mutex_);
    barriers_[task].reset();
  }
  post(BarrierWanted{std::move(reached)});
  memory_.pause();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || stop.load() || barriers_.at(task).has_value(); });
  memory_.resume();
  auto answer = std::move(barriers_.at(task));
  barriers_.erase(task);
  if (!answer) throw program::TaskStopped("the task was asked to stop at a barrier");
  return std::move(*answer);
}

std::optional<TaskEvent> TaskPool::next_event() {
  const std::lock_guard lock(mutex_);
  if (events_.empty()) return std::nullopt;
  TaskEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void TaskPool::shut_down() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  memory_.close();
  broadcasts_.shut_down();
}

std::shared_ptr<const program::BroadcastCopy> TaskPool::broadcast(std::uint32_t number,
                                                                  const std::atomic<bool>& stop) {
  memory_.pause();
  std::shared_ptr<const program::BroadcastCopy> copy;
  try {
    copy = broadcasts_.get(number, stop);
  } catch (...) {
    memory_.resume();
    throw;
  }
  memory_.resume();
  if (!copy) throw program::TaskStopped("the task was asked to stop while it waited");
  return copy;
}

std::uint64_t TaskPool::task_memory() const { return options_.memory / memory_.options().tasks; }

void TaskPool::post(TaskEvent event) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = events_.empty();  // otherwise the loop was woken and is not through them yet
    events_.push_back(std::move(event));
  }
  if (first) options_.wake();
}

std::uint64_t TaskPool::expect(const protocol::ShuffleInput& input) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t request = next_request_++;
  const Input key{input.shuffle, input.partition, input.holder};
  answers_[request];
  expected_[key].push_back(request);
  expected_inputs_.emplace(request, key);
  return request;
}

/// With the lock held: what no thread has asked for will not be asked for any more.
void TaskPool::drop_expected(const TaskJob& job) {
  for (const std::uint64_t request : job.expected) {
    const auto found = expected_inputs_.find(request);
    if (found == expected_inputs_.end()) continue;
    const auto requests = expected_.find(found->second);
    std::erase(requests->second, request);
    if (requests->second.empty()) expected_.erase(requests);
    expected_inputs_.erase(found);
    answers_.erase(request);
  }
}

std::vector<protocol::TaskAttempt> TaskPool::withdraw(const std::vector<base::TaskId>& tasks) {
  const std::unordered_set<base::TaskId> wanted(tasks.begin(), tasks.end());
  std::vector<protocol::TaskAttempt> taken;
  const std::lock_guard lock(mutex_);
  std::erase_if(queue_, [&](const TaskJob& job) {
    if (!wanted.contains(job.launched.attempt.task)) return false;
    taken.push_back(job.launched.attempt);
    drop_expected(job);
    return true;
  });
  return taken;
}

/// The request that was made before, or a new one, which is sent.
std::uint64_t TaskPool::request_for(const protocol::ShuffleInput& input) {
  std::uint64_t request = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto expected = expected_.find({input.shuffle, input.partition, input.holder});
    if (expected != expected_.end()) {
      request = expected->second.front();
      expected->second.erase(expected->second.begin());
      if (expected->second.empty()) expected_.erase(expected);
      expected_inputs_.erase(request);
      answers_.at(request).awaited = true;
      return request;
    }
    request = next_request_++;
    answers_[request].awaited = true;
  }
  post(ChunksWanted{request, input});
  return request;
}

std::vector<protocol::Chunk> TaskPool::list_chunks(const protocol::ShuffleInput& input) {
  if (input.holder == base::no_rank) {
    throw program::FetchFailed(
        input,
        fmt::format("shuffle {} partition {} was to be read from a cached block that is gone",
                    input.shuffle, input.partition));
  }
  const std::uint64_t request = request_for(input);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || answers_.at(request).listed.has_value(); });
  std::optional<protocol::PartitionListed> answer = std::move(answers_.at(request).listed);
  answers_.erase(request);
  if (!answer) throw program::TaskStopped("the executor is stopping");
  if (!answer->found) {
    throw program::FetchFailed(
        input,
        fmt::format("Missing an output location for shuffle {} partition {}: rank {} does not "
                    "have it",
                    input.shuffle, input.partition, input.holder));
  }
  return std::move(answer->chunks);
}

void TaskPool::work() {
  for (;;) {
    TaskJob job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    TaskEnded ended = run(job);
    if (!job.expected.empty()) {
      const std::lock_guard lock(mutex_);
      drop_expected(job);
    }
    post(std::move(ended));
  }
}

namespace {

/// Code that gives up because its task was asked to stop has not failed.
protocol::TaskOutcome failure_of(const TaskJob& job) {
  return job.stop->load(std::memory_order_relaxed) ? protocol::TaskOutcome::killed
                                                   : protocol::TaskOutcome::exception;
}

}  // namespace

/// The task itself: whatever it throws becomes an outcome.
void TaskPool::call(program::TaskContext& context, const TaskJob& job, TaskEnded& ended) const {
  protocol::TaskFinished& finished = ended.finished;
  const protocol::StageBinary& binary = job.plan->binary();
  try {
    context.check_stop();
    job.plan->task()(context, binary.final_rdd, job.launched.partition(), binary.task.captures,
                     finished.result);
    ended.map_output = context.take_map_output();
  } catch (const program::FetchFailed& failed) {
    finished.outcome = protocol::TaskOutcome::fetch_failed;
    finished.error = failed.what();
    finished.missing = failed.input();
    finished.damaged = failed.damaged();
  } catch (const program::CommitDenied& denied) {
    finished.outcome = protocol::TaskOutcome::commit_denied;
    finished.error = denied.what();
  } catch (const program::TaskRefused& refused) {
    finished.outcome = protocol::TaskOutcome::refused;
    finished.error = refused.what();
  } catch (const program::TaskStopped& stopped) {
    finished.outcome = protocol::TaskOutcome::killed;
    finished.error = stopped.what();
  } catch (const std::exception& error) {
    finished.outcome = failure_of(job);
    finished.error = fmt::format("{}: {}", type_name(error), error.what());
  } catch (...) {
    finished.outcome = failure_of(job);
    finished.error = "the task threw something that is not a std::exception";
  }
  const bool good = finished.outcome == protocol::TaskOutcome::success;
  const std::string problems =
      context.listeners().end(good ? std::nullopt : std::optional(finished.error));
  if (problems.empty()) return;
  if (good) finished.outcome = protocol::TaskOutcome::exception;
  finished.error += (good ? "" : "; ") + ("Exceptions in listeners of the task: " + problems);
}

/// What the task leaves behind.
void TaskPool::report(program::TaskContext& context, protocol::TaskFinished& finished) {
  const bool good = finished.outcome == protocol::TaskOutcome::success;
  const bool counts = context.accumulators().any();
  finished.accumulators = context.accumulators().take(!good);
  finished.cached = context.take_cached();
  if (good) {
    std::erase_if(finished.cached, [this](const auto& block) { return !blocks_.has(block); });
  } else {
    // A retry that reads the block would not count again what was added on the way to it.
    for (const protocol::BlockId& block : finished.cached) {
      if (counts) blocks_.remove(block);
    }
    finished.cached.clear();
    finished.result.clear();
  }
  finished.evicted = blocks_.take_evicted();
}

TaskEnded TaskPool::run(const TaskJob& job) {
  const auto start = std::chrono::steady_clock::now();
  TaskEnded ended;
  protocol::TaskFinished& finished = ended.finished;
  finished.attempt = job.launched.attempt;
  program::TaskContext context(*this, job.plan, job.launched, *job.stop);
  call(context, job, ended);
  if (options_.communicators != nullptr) leave_group(job.launched.attempt.task);
  memory_.release_all(job.launched.attempt.task);
  finished.metrics = context.metrics();
  finished.metrics.result_bytes = finished.result.size();
  finished.metrics.run_nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
          .count();
  report(context, finished);
  finished.metrics.evicted_partitions = finished.evicted.size();
  finished.metrics.cached_disk_bytes += blocks_.take_moved_bytes();
  return ended;
}

}  // namespace volley::worker
