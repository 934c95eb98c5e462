// docs/guide.md: storage levels, broadcasts, accumulators, barrier stages, tasks, futures.

#include "snippets.hpp"

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <set>

namespace snippets {
namespace {

void run_storage(volley::Context& context, Checks& checks) {
  // [storage]
  auto slow = context.range(0, 10'000).map([](std::int64_t n) { return n * n; });
  slow.persist(volley::StorageLevel::memory_and_disk);  // or slow.cache(): memory_only
  const std::int64_t count = slow.count();              // computes, and keeps
  const std::int64_t most = slow.max();                 // reads what was kept
  slow.unpersist();
  // [/storage]
  checks.equal("storage", std::pair(count, most),
               std::pair<std::int64_t, std::int64_t>{10'000, 9999 * 9999});
}

void run_broadcast(volley::Context& context, Checks& checks) {
  auto words = context.parallelize({"the", "cat", "and", "the", "hat"});
  // [broadcast]
  const std::set<std::string> table = {"the", "and"};
  auto stop_words = context.broadcast(table);  // a handle of a few words: lambdas capture it
  auto kept =
      words.filter([=](const std::string& word) { return !stop_words.value().contains(word); });
  // [/broadcast]
  checks.equal("broadcast", kept.collect(), std::vector<std::string>{"cat", "hat"});
}

void run_accumulator(volley::Context& context, Checks& checks) {
  auto lines = context.parallelize({"1", "x", "3", ""});
  // [accumulator]
  auto bad = context.long_accumulator("bad lines");
  lines.foreach ([=](const std::string& line) {
    if (line.empty() || line.find_first_not_of("0123456789") != std::string::npos) bad.add(1);
  });
  const std::int64_t bad_lines = bad.value();  // in the program; tasks only add
  // [/accumulator]
  checks.equal("accumulator", bad_lines, 2);
}

void run_barrier(volley::Context& context, Checks& checks) {
  auto numbers = context.range(0, 10, 1, 2);
  // [barrier]
  auto shares = numbers.barrier().map_partitions([](volley::BarrierTask& task, auto& records) {
    double mine = 0;
    records.for_each([&](std::int64_t n) { mine += static_cast<double>(n); });
    const double all = task.all_reduce(mine, std::plus<>{});  // waits for the other tasks
    return std::vector{mine / all};
  });
  // [/barrier]
  checks.equal("barrier", shares.collect(), std::vector<double>{10.0 / 45, 35.0 / 45});
}

void run_task_context(volley::Context& context, Checks& checks) {
  // [task_context]
  auto where = context.range(0, 4, 1, 2).map([](std::int64_t n) {
    return std::pair(volley::TaskContext::get().partition_id(), n);
  });
  // [/task_context]
  using Place = std::pair<std::uint32_t, std::int64_t>;
  checks.equal("task_context", where.collect(), std::vector<Place>{{0, 0}, {0, 1}, {1, 2}, {1, 3}});
}

void run_future(volley::Context& context, Checks& checks) {
  auto numbers = context.range(0, 1000);
  // [future]
  auto counting = numbers.count_async();      // runs beside the program
  const double mean = numbers.mean();         // and beside this job
  const std::int64_t count = counting.get();  // waits; counting.cancel() would end it
  // [/future]
  checks.equal("future", std::pair(mean, count), std::pair<double, std::int64_t>{499.5, 1000});
}

// [listener]
struct SlowTasks : volley::Listener {
  void on_task_end(const volley::TaskEnd& end) override {
    if (end.outcome != volley::TaskOutcome::success) {
      std::cerr << "task " << end.task.index << " on " << end.task.host << ": " << end.error
                << '\n';
    }
    if (end.task.finished - end.task.launched > std::chrono::minutes(1)) ++slow;
  }
  std::atomic<int> slow = 0;
};
// [/listener]

void run_listener(volley::Context& context, Checks& checks) {
  auto numbers = context.range(0, 1000);
  // [use_listener]
  auto watch = std::make_shared<SlowTasks>();
  context.add_listener(watch);
  numbers.count();
  context.remove_listener(watch);  // it hears nothing after this
  // [/use_listener]
  checks.equal("listener", watch->slow.load(), 0);
}

}  // namespace

void run_shared(volley::Context& context, Checks& checks) {
  run_storage(context, checks);
  run_broadcast(context, checks);
  run_accumulator(context, checks);
  run_barrier(context, checks);
  run_task_context(context, checks);
  run_future(context, checks);
  run_listener(context, checks);
}

}  // namespace snippets
