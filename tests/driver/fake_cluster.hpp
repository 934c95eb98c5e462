#pragma once
// FakeCluster: a driver with made-up executors and shuffle services around it, all in one thread.
// Executors hold their tasks until the test finishes them. Shuffle services keep which map outputs
// they have and which reached each reduce partition, so that a task which reads a partition that is
// incomplete, or on another node, is noticed.

#include "base/fd.hpp"
#include "driver/driver.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace volley::driver::testing {

using protocol::Address;
using protocol::Role;
using protocol::TaskOutcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline const Address driver_address{Role::driver, 0, {{1, 1}, 1, 1}};
inline const Address program_address{Role::program, 0, {{1, 1}, 1, 1}};
inline const Address master_address{Role::application_master, 0, {{1, 1}, 1, 1}};

struct FakeTask {
  protocol::TaskLaunched launched;
  base::ExecutorId executor = 0;
  bool kill_requested = false;
};

struct FakeExecutor {
  Address address;
  std::uint32_t node = 0;
  std::uint32_t slots = 0;
  std::map<std::pair<base::StageId, std::uint32_t>, std::shared_ptr<const protocol::StageBinary>>
      stages;
  std::set<protocol::BlockId> cached;
  std::size_t running = 0;
};

class FakeCluster {
  base::Fd log_file_{::memfd_create("log", MFD_CLOEXEC)};
  base::Log log_{"test", base::LogLevel::warn, log_file_.get()};

 public:
  explicit FakeCluster(Options options = {}) : driver(prepare(std::move(options)), log_) {
    tick(seconds{1});
  }

  // --- what tests do -----------------------------------------------------------------------------

  /// Ten ranks share a node.
  void add_executor(base::ExecutorId id, base::Rank rank, std::uint32_t slots) {
    const std::uint32_t node = node_of(rank);
    const Address address{Role::executor, rank, {{1, 1}, 1, id + 1}};
    executors[id] = {address, node, slots, {}, {}, 0};
    send(address, protocol::ExecutorRegistered{
                      id, 0, 1, "host" + std::to_string(node), node, slots, 100, 7, {}});
  }
  void lose_executor(base::ExecutorId id, bool caused_by_application = true) {
    executors.erase(id);
    std::erase_if(tasks, [&](const auto& entry) { return entry.second.executor == id; });
    send(master_address,
         protocol::ExecutorLost{id, caused_by_application, "killed by signal 9", 0});
  }
  template <class M>
  void send(const Address& from, M message) {
    protocol::Outbox outbox(driver_address);
    driver.on(std::move(message), from, outbox);
    deliver(outbox);
  }
  void submit(const protocol::JobSubmitted& job) { send(program_address, job); }
  void tick(base::Duration step) {
    now += step;
    for (const auto& [id, executor] : executors) {
      if (!silent.contains(id)) send(executor.address, protocol::ExecutorHeartbeat{id, 0, {}, 0});
    }
    protocol::Outbox outbox(driver_address);
    driver.tick(now, outbox);
    deliver(outbox);
  }
  /// Ends one running task as its inputs allow.
  void finish(base::TaskId id) { finish(id, TaskOutcome::success, {}); }
  void finish(base::TaskId id, TaskOutcome outcome, const std::string& error,
              const protocol::ShuffleInput& missing = {},
              const std::vector<std::uint32_t>& damaged = {}) {
    const FakeTask task = tasks.at(id);
    tasks.erase(id);
    FakeExecutor& executor = executors.at(task.executor);
    --executor.running;
    protocol::TaskFinished report;
    report.attempt = task.launched.attempt;
    report.outcome =
        task.kill_requested && outcome == TaskOutcome::success ? TaskOutcome::killed : outcome;
    report.error = error;
    report.missing = missing;
    report.metrics.run_nanoseconds = run_time.count();
    report.damaged = damaged;
    if (report.outcome == TaskOutcome::success) run(task, executor, report);
    send(executor.address, std::move(report));
  }
  /// The task's first shuffle input turns out to be gone with all the holder has of that shuffle.
  void fail_fetch(base::TaskId id, std::size_t input = 0) {
    const protocol::ShuffleInput missing = tasks.at(id).launched.shuffles.at(input);
    wipe(missing.shuffle, missing.holder);
    finish(id, TaskOutcome::fetch_failed, "FetchFailed", missing);
  }
  void wipe(base::ShuffleNumber shuffle, base::Rank rank) {
    outputs[rank].erase(shuffle);
    std::erase_if(held, [&](const auto& entry) {
      return std::get<0>(entry.first) == rank && std::get<1>(entry.first) == shuffle;
    });
  }
  /// Runs everything that runs, oldest task first.
  void finish_all() {
    for (int idle_ticks = 0; idle_ticks < 100 && driver_busy();) {
      if (tasks.empty()) {
        tick(seconds{1});
        ++idle_ticks;
      } else {
        finish(tasks.begin()->first);
      }
    }
  }
  bool driver_busy() const { return !driver.idle(); }
  /// The task asks to publish its output; what the driver says.
  bool commit(base::TaskId id, const Address& from) {
    protocol::CommitRequested request;
    request.attempt.task = id;
    send(from, request);
    const auto answers = received<protocol::CommitAnswered, protocol::ExecutorMessage>(from);
    EXPECT_FALSE(answers.empty());
    EXPECT_EQ(answers.back().task, id);
    return answers.back().allowed;
  }
  bool commit(base::TaskId id) { return commit(id, executors.at(tasks.at(id).executor).address); }

  // --- what tests look at ------------------------------------------------------------------------

  template <class M, class Group>
  std::vector<M> received(const Address& by) const {
    std::vector<M> found;
    for (const auto& envelope : envelopes) {
      if (envelope.to != by) continue;
      if (const auto* group = std::get_if<Group>(&envelope.message)) {
        if (const auto* message = std::get_if<M>(group)) found.push_back(*message);
      }
    }
    return found;
  }
  template <class M>
  std::vector<M> program() const {
    return received<M, protocol::ProgramMessage>(program_address);
  }
  std::optional<protocol::JobEnded> job_end(base::JobId job) const {
    std::optional<protocol::JobEnded> end;
    for (const auto& message : program<protocol::JobEnded>()) {
      if (message.job == job) end = message;
    }
    return end;
  }
  /// How often each result arrived, by job and index.
  std::map<std::pair<base::JobId, std::uint32_t>, int> result_counts() const {
    std::map<std::pair<base::JobId, std::uint32_t>, int> counts;
    for (const auto& r : program<protocol::TaskResultReady>()) ++counts[{r.job, r.index}];
    return counts;
  }
  void expect_job_succeeded(base::JobId job, std::size_t results) const {
    const auto end = job_end(job);
    ASSERT_TRUE(end.has_value()) << "job " << job << " has not ended";
    EXPECT_TRUE(end->succeeded) << end->error;
    std::size_t count = 0;
    for (const auto& [key, times] : result_counts()) {
      if (key.first != job) continue;
      EXPECT_EQ(times, 1) << "result " << key.second;
      ++count;
    }
    EXPECT_EQ(count, results);
  }
  /// How many lines of the driver's log, warnings and errors, hold the text.
  std::size_t logged(const std::string& text) const {
    std::string all(static_cast<std::size_t>(::lseek(log_file_.get(), 0, SEEK_END)), ' ');
    EXPECT_EQ(::pread(log_file_.get(), all.data(), all.size(), 0),
              static_cast<ssize_t>(all.size()));
    std::size_t count = 0;
    for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++count;
    return count;
  }
  base::TaskId running_partition(std::uint32_t partition) const {
    for (const auto& [id, task] : tasks) {
      if (task.launched.attempt.partition == partition) return id;
    }
    ADD_FAILURE() << "partition " << partition << " does not run";
    return 0;
  }
  std::vector<base::TaskId> running_of(base::StageId stage) const {
    std::vector<base::TaskId> ids;
    for (const auto& [id, task] : tasks) {
      if (task.launched.attempt.stage == stage) ids.push_back(id);
    }
    return ids;
  }

  base::TimePoint now{};
  std::map<base::ExecutorId, FakeExecutor> executors;
  std::set<base::ExecutorId> silent;  ///< send no heartbeats
  std::map<base::TaskId, FakeTask> tasks;
  std::vector<protocol::Envelope> envelopes;  ///< to AM, program and executors
  bool keep_envelopes = true;                 ///< of executors
  std::uint64_t launched = 0;
  std::uint64_t returned = 0;
  std::size_t result_bytes = 0;  ///< of every task
  base::Duration run_time{};     ///< that every task reports; 0: none
  bool hold_services = false;    ///< collect messages to shuffle services in `postponed`
  std::deque<protocol::Envelope> postponed;
  std::string exchange_error;
  std::vector<std::uint32_t> exchange_damage;  ///< maps that the next exchange finds damaged
  std::function<std::uint64_t(std::uint32_t)> partition_bytes = [](std::uint32_t) { return 100U; };
  std::map<base::Rank, std::map<base::ShuffleNumber, std::set<std::uint32_t>>> outputs;
  std::map<std::tuple<base::Rank, base::ShuffleNumber, std::uint32_t>, std::set<std::uint32_t>>
      held;
  std::map<base::ShuffleNumber, std::set<std::uint32_t>> all_maps;  ///< ever written
  Driver driver;

  void release_services() {
    hold_services = false;
    while (!postponed.empty()) {
      const protocol::Envelope envelope = std::move(postponed.front());
      postponed.pop_front();
      serve(envelope);
    }
  }

 private:
  static Options prepare(Options options) {
    options.application = {1, 1};
    options.application_master = master_address;
    options.program = program_address;
    options.build_id = 7;
    return options;
  }

  /// In the order in which messages were sent, whatever answers they bring.
  void deliver(protocol::Outbox& outbox) {
    for (auto& envelope : outbox.take()) underway_.push_back(std::move(envelope));
    if (std::exchange(delivering_, true)) return;
    for (; !underway_.empty(); underway_.pop_front()) {
      protocol::Envelope envelope = std::move(underway_.front());
      if (envelope.to.role == Role::shuffle_service) {
        if (hold_services || !postponed.empty()) {
          postponed.push_back(std::move(envelope));
        } else {
          serve(envelope);
        }
        continue;
      }
      if (envelope.to.role == Role::executor) execute(envelope);
      if (envelope.to.role != Role::executor || keep_envelopes) {
        envelopes.push_back(std::move(envelope));
      }
    }
    delivering_ = false;
  }

  void execute(const protocol::Envelope& envelope) {
    const auto& group = std::get<protocol::ExecutorMessage>(envelope.message);
    const auto found = std::find_if(executors.begin(), executors.end(), [&](const auto& entry) {
      return entry.second.address == envelope.to;
    });
    if (found == executors.end()) return;
    FakeExecutor& executor = found->second;
    if (const auto* defined = std::get_if<protocol::StageDefined>(&group)) {
      EXPECT_TRUE(
          executor.stages.try_emplace({defined->stage, defined->stage_attempt}, defined->binary)
              .second);
    } else if (const auto* forgotten = std::get_if<protocol::StageForgotten>(&group)) {
      EXPECT_EQ(executor.stages.erase({forgotten->stage, forgotten->stage_attempt}), 1U);
    } else if (const auto* task = std::get_if<protocol::TaskLaunched>(&group)) {
      EXPECT_TRUE(executor.stages.contains({task->attempt.stage, task->attempt.stage_attempt}));
      // Only tasks that are known to be short are launched ahead.
      const std::uint32_t most =
          executor.slots * (run_time.count() == 0 ? 1 : 1 + TaskSet::most_ahead);
      EXPECT_LE(++executor.running, most);
      ++launched;
      tasks[task->attempt.task] = {*task, found->first, false};
    } else if (const auto* kill = std::get_if<protocol::TaskKillRequested>(&group)) {
      const auto at = tasks.find(kill->task);
      if (at != tasks.end()) at->second.kill_requested = true;
    } else if (const auto* asked = std::get_if<protocol::TasksReturnRequested>(&group)) {
      give_back(found->first, *asked);
    } else if (const auto* removed = std::get_if<protocol::BlocksRemoved>(&group)) {
      std::erase_if(executor.cached, [&](const auto& block) { return block.rdd == removed->rdd; });
    }
  }

  /// The oldest tasks have begun, one for each slot.
  void give_back(base::ExecutorId id, const protocol::TasksReturnRequested& asked) {
    FakeExecutor& executor = executors.at(id);
    std::uint32_t begun = 0;
    std::vector<protocol::TaskAttempt> given;
    for (const auto& [task, held_task] : tasks) {
      if (held_task.executor != id || ++begun <= executor.slots) continue;
      const auto& list = asked.tasks;
      if (std::find(list.begin(), list.end(), task) == list.end()) continue;
      given.push_back(held_task.launched.attempt);
    }
    for (const protocol::TaskAttempt& attempt : given) {
      tasks.erase(attempt.task);
      --executor.running;
      ++returned;
      protocol::TaskFinished report;
      report.attempt = attempt;
      report.outcome = TaskOutcome::returned;
      send(executor.address, std::move(report));
    }
  }

  /// Reads the inputs, or a cached block instead, and writes the outputs.
  void run(const FakeTask& task, FakeExecutor& executor, protocol::TaskFinished& report) {
    const auto& attempt = task.launched.attempt;
    const auto& binary = *executor.stages.at({attempt.stage, attempt.stage_attempt});
    const bool cached =
        std::any_of(binary.persisted.begin(), binary.persisted.end(), [&](base::RddId rdd) {
          return executor.cached.contains({rdd, task.launched.partition()});
        });
    for (const auto& input : task.launched.shuffles) {
      if (cached) break;
      const auto at = held.find({input.holder, input.shuffle, input.partition});
      if (at != held.end() && at->second == all_maps[input.shuffle]) {
        EXPECT_EQ(node_of(input.holder), executor.node) << "reads from another node";
        continue;
      }
      report.outcome = TaskOutcome::fetch_failed;
      report.missing = input;
      report.error = "FetchFailed";
      return;
    }
    for (const base::RddId rdd : binary.persisted) {
      executor.cached.insert({rdd, task.launched.partition()});
      report.cached.push_back({rdd, task.launched.partition()});
    }
    if (binary.writes_shuffle) {
      outputs[executor.address.rank][binary.shuffle].insert(attempt.partition);
      all_maps[binary.shuffle].insert(attempt.partition);
    }
    report.result.resize(result_bytes);
    report.accumulators.push_back({attempt.stage * 1000 + attempt.partition, {}});
  }

  std::uint32_t node_of(base::Rank rank) const { return static_cast<std::uint32_t>(rank) / 10; }

  void serve(const protocol::Envelope& envelope) {
    const auto& group = std::get<protocol::ShuffleServiceMessage>(envelope.message);
    const base::Rank rank = envelope.to.rank;
    if (const auto* sizes = std::get_if<protocol::ShuffleSizesRequested>(&group)) {
      protocol::ShuffleSizes reply{sizes->shuffle, sizes->query, {}};
      for (std::uint32_t p = 0; p < sizes->reducers; ++p) {
        reply.bytes.push_back(partition_bytes(p) * sizes->maps.size());
      }
      send(envelope.to, reply);
    } else if (const auto* exchange = std::get_if<protocol::ExchangeRequested>(&group)) {
      const base::ShuffleNumber shuffle = exchange->shuffle.number;
      for (const std::uint32_t map : exchange->maps) {
        EXPECT_TRUE(outputs[rank][shuffle].contains(map)) << "rank has no such output";
      }
      for (std::uint32_t p = 0; p < exchange->destinations.size(); ++p) {
        const base::Rank to = exchange->destinations[p];
        if (to == base::no_rank) continue;
        held[{to, shuffle, p}].insert(exchange->maps.begin(), exchange->maps.end());
      }
      send(envelope.to,
           protocol::ExchangeFinished{exchange->shuffle, exchange->exchange, 1,
                                      exchange_damage.empty() ? exchange_error : "damaged",
                                      std::exchange(exchange_damage, {})});
    } else if (const auto* removed = std::get_if<protocol::ShuffleRemoved>(&group)) {
      wipe(removed->shuffle.number, rank);
    }
  }

  std::deque<protocol::Envelope> underway_;
  bool delivering_ = false;
};

}  // namespace volley::driver::testing
