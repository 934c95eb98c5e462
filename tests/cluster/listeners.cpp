// What the program hears of its jobs, attempts that it kills, and files that it adds on the way.

#include "check.hpp"

#include <volley/files.hpp>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
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

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What each of some tasks finds in the file.
std::set<std::string> contents(volley::Context& context, const std::string& name) {
  const auto found =
      context.range(0, 16, 1, 16)
          .map(volley::bind(
              [](const std::string& file, std::int64_t) { return read(volley::file_path(file)); },
              name))
          .collect();
  return {found.begin(), found.end()};
}

void check_files_added(volley::Context& context, Checks& checks) {
  const std::filesystem::path place = checks.path("added");
  std::string large;
  for (int i = 0; i < 300'000; ++i) large += "line " + std::to_string(i) + '\n';
  write(place / "large.txt", large);
  write(place / "small.txt", "one");
  write(place / "empty.txt", "");
  const std::size_t before = context.list_files().size();
  for (const char* name : {"large.txt", "small.txt", "empty.txt"}) {
    context.add_file((place / name).string());
  }
  checks.equal("CTX_003 listed", context.list_files().size(), before + 3);
  std::filesystem::remove(place / "large.txt");
  checks.holds("CTX_003 a large one", contents(context, "large.txt") == std::set{large});
  checks.equal("CTX_003", contents(context, "small.txt"), std::set<std::string>{"one"});
  checks.equal("an empty one", contents(context, "empty.txt"), std::set<std::string>{""});
  const auto paths = context.range(0, 8, 1, 8)
                         .map([](std::int64_t) { return volley::file_path("small.txt"); })
                         .collect();
  checks.holds(
      "CTX_003 copies, not the original",
      std::find(paths.begin(), paths.end(), (place / "small.txt").string()) == paths.end());
  checks.equal("in the program", read(volley::file_path("small.txt")), std::string("one"));

  write(place / "again" / "small.txt", "one");
  context.add_file((place / "again" / "small.txt").string());
  write(place / "other" / "small.txt", "two");
  checks.throws<volley::InvalidArgument>(
      "other content", "is not what the name 'small.txt' already stands for",
      [&] { context.add_file((place / "other" / "small.txt").string()); });
  checks.throws<volley::InvalidArgument>("a directory", "is a directory",
                                         [&] { context.add_file(place.string()); });
  checks.throws<volley::IoError>("no file", "cannot read",
                                 [&] { context.add_file((place / "none").string()); });
  checks.throws<volley::JobFailed>("an unknown name", "empty.txt, large.txt, small.txt",
                                   [&] { contents(context, "none"); });
}

}  // namespace

void check_listening(volley::Context& context, Checks& checks) {
  check_hearing(context, checks);
  check_kills(context, checks);
  check_files_added(context, checks);
}

}  // namespace cluster_test
