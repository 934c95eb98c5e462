#include "worker/task_pool.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <typeinfo>

namespace volley::worker {
namespace {

std::string type_name(const std::exception& error) {
  int status = 0;
  char* name = abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status);
  std::string text = status == 0 && name != nullptr ? name : typeid(error).name();
  std::free(name);
  return text;
}

}  // namespace

TaskPool::TaskPool(Options options, storage::NodeArena& arena)
    : options_(std::move(options)), arena_(arena) {
  for (std::uint32_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { work(); });
}

TaskPool::~TaskPool() {
  shut_down();
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
    waiting->second = std::move(answer);
  }
  changed_.notify_all();
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
}

void TaskPool::post(TaskEvent event) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  options_.wake();
}

std::vector<protocol::Chunk> TaskPool::list_chunks(const protocol::ShuffleInput& input) {
  if (input.holder == base::no_rank) {
    throw program::FetchFailed(
        input,
        fmt::format("shuffle {} partition {} was to be read from a cached block that is gone",
                    input.shuffle, input.partition));
  }
  std::uint64_t request = 0;
  {
    const std::lock_guard lock(mutex_);
    request = next_request_++;
    answers_[request];
  }
  post(ChunksWanted{request, input});
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || answers_.at(request).has_value(); });
  std::optional<protocol::PartitionListed> answer = std::move(answers_.at(request));
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
    post(run(job));
  }
}

TaskEnded TaskPool::run(const TaskJob& job) {
  const auto start = std::chrono::steady_clock::now();
  TaskEnded ended;
  protocol::TaskFinished& finished = ended.finished;
  finished.attempt = job.launched.attempt;
  program::TaskContext context(*this, job.plan, job.launched, *job.stop);
  const protocol::StageBinary& binary = job.plan->binary();
  try {
    context.check_stop();
    job.plan->task()(context, binary.final_rdd, job.launched.attempt.partition,
                     binary.task.captures, finished.result);
    ended.map_output = context.take_map_output();
  } catch (const program::FetchFailed& failed) {
    finished.outcome = protocol::TaskOutcome::fetch_failed;
    finished.error = failed.what();
    finished.missing = failed.input();
    finished.damaged = failed.damaged();
  } catch (const program::TaskStopped& stopped) {
    finished.outcome = protocol::TaskOutcome::killed;
    finished.error = stopped.what();
  } catch (const std::exception& error) {
    finished.outcome = protocol::TaskOutcome::exception;
    finished.error = fmt::format("{}: {}", type_name(error), error.what());
  } catch (...) {
    finished.outcome = protocol::TaskOutcome::exception;
    finished.error = "the task threw something that is not a std::exception";
  }
  finished.metrics = context.metrics();
  finished.metrics.result_bytes = finished.result.size();
  finished.metrics.run_nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
          .count();
  if (finished.outcome == protocol::TaskOutcome::success) {
    finished.cached = context.take_cached();
  } else {
    finished.result.clear();
  }
  return ended;
}

}  // namespace volley::worker
