// What the program hears of its jobs, and attempts that it kills.

#include "check.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace cluster_test {
namespace {

using volley::TaskContext;
using volley::TaskOutcome;

/// Counts what it hears, and lets the program wait for the end of a job.
class Recorder : public volley::Listener {
 public:
  void on_job_start(const volley::JobStart& start) override {
    note([&] { stages_ += start.stages.size(); });
  }
  void on_job_end(const volley::JobEnd& end) override {
    note([&] { ++(end.succeeded ? done_ : failed_); });
  }
  void on_stage_submitted(const volley::StageSubmitted&) override {
    note([&] { ++submitted_; });
  }
  void on_stage_completed(const volley::StageCompleted& event) override {
    note([&] { completed_ += event.stage.failure.empty() ? 1U : 0U; });
  }
  void on_task_start(const volley::TaskStart& start) override {
    note([&] { open_.insert(start.task.id); });
  }
  void on_task_end(const volley::TaskEnd& end) override {
    note([&] {
      open_.erase(end.task.id);
      ++ends_[end.outcome];
      executors_.insert(end.task.executor);
      hosts_ &= !end.task.host.empty() && end.task.finished >= end.task.launched;
      ran_ += end.metrics.run_nanoseconds;
      if (end.outcome == TaskOutcome::killed) reasons_.insert(end.error);
    });
  }
  void wait_for_jobs(std::size_t jobs) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ + failed_ >= jobs; });
  }
  std::size_t calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  // Read after wait_for_jobs, when nothing runs.
  std::size_t stages_ = 0;
  std::size_t submitted_ = 0;
  std::size_t completed_ = 0;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  std::set<std::uint64_t> open_;
  std::map<TaskOutcome, std::size_t> ends_;
  std::set<std::uint32_t> executors_;
  std::set<std::string> reasons_;
  std::int64_t ran_ = 0;
  bool hosts_ = true;

 private:
  template <class Change>
  void note(Change change) {
    {
      const std::lock_guard lock(mutex_);
      ++calls_;
      change();
    }
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t calls_ = 0;
};

void check_hearing(volley::Context& context, Checks& checks) {
  const auto recorder = std::make_shared<Recorder>();
  context.add_listener(recorder);
  const auto sums = context.range(0, 1000, 1, 6)
                        .map([](std::int64_t i) {
                          return std::pair{i % 7, i};
                        })
                        .reduce_by_key(std::plus<>{}, 4);
  sums.count();
  recorder->wait_for_jobs(1);
  checks.equal("CTX_009 jobs", recorder->done_, 1U);
  checks.equal("stages of the job", recorder->stages_, 2U);
  checks.equal("stages submitted", recorder->submitted_, 2U);
  checks.equal("stages completed", recorder->completed_, 2U);
  checks.equal("tasks that succeeded", recorder->ends_[TaskOutcome::success], 10U);
  checks.holds("no task is left open", recorder->open_.empty());
  checks.holds("executors have numbers", !recorder->executors_.contains(0));
  checks.holds("tasks have hosts and times", recorder->hosts_ && recorder->ran_ > 0);
  sums.count();
  recorder->wait_for_jobs(2);
  checks.equal("a stage that is skipped is not submitted", recorder->submitted_, 3U);
  checks.throws<volley::JobFailed>("a job that fails", "on purpose", [&] {
    context.range(0, 2, 1, 2).foreach ([](std::int64_t) {
      throw std::runtime_error("on purpose");
    });
  });
  recorder->wait_for_jobs(3);
  checks.equal("it is heard as failed", recorder->failed_, 1U);

  const auto later = std::make_shared<Recorder>();
  context.add_listener(later);
  context.remove_listener(recorder);
  const std::size_t calls = recorder->calls();
  sums.count();
  later->wait_for_jobs(1);
  checks.equal("CTX_009 after its removal", recorder->calls(), calls);
  context.remove_listener(later);
}

constexpr std::uint32_t kills = 6;  // more than failures would be allowed

/// Kills attempts at partition 1 as soon as it hears of them.
struct Killer : Recorder {
  explicit Killer(volley::Context& its_context) : context(its_context) {}
  void on_task_start(const volley::TaskStart& start) override {
    Recorder::on_task_start(start);
    if (start.task.partition != 1 || start.task.attempt >= kills) return;
    if (context.kill_task_attempt(start.task.id, "it is in the way")) ++found;
  }
  volley::Context& context;
  std::uint32_t found = 0;
};

void check_kills(volley::Context& context, Checks& checks) {
  const auto killer = std::make_shared<Killer>(context);
  context.add_listener(killer);
  const auto attempts = context.range(0, 3, 1, 3)
                            .map([](std::int64_t) {
                              const auto task = TaskContext::get();
                              const bool waits =
                                  task.partition_id() == 1 && task.attempt_number() < kills;
                              while (waits && !task.is_interrupted()) {
                                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                              }
                              if (waits) throw std::runtime_error("interrupted");
                              return task.attempt_number();
                            })
                            .collect();
  checks.equal("CTX_011", attempts, std::vector<std::uint32_t>{0, kills, 0});
  killer->wait_for_jobs(1);
  checks.equal("attempts that were killed", killer->found, kills);
  checks.equal("CTX_011 their ends", killer->ends_[TaskOutcome::killed], kills);
  checks.equal("CTX_011 their reasons", killer->reasons_,
               std::set<std::string>{"it is in the way"});
  context.remove_listener(killer);
  checks.holds("an attempt that is not there", !context.kill_task_attempt(1'000'000'000));
}

}  // namespace

void check_listening(volley::Context& context, Checks& checks) {
  check_hearing(context, checks);
  check_kills(context, checks);
}

}  // namespace cluster_test
