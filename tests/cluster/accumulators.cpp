// Accumulators and task contexts: what tasks add is counted once for each partition of a stage, and
// what tasks know of themselves.

#include "check.hpp"

#include <signal.h>
#include <unistd.h>

#include <limits>
#include <set>
#include <stdexcept>

namespace cluster_test {
namespace {

using volley::TaskContext;

/// Words that tasks have seen.
struct WordSet {
  std::set<std::string> words;
  void add(std::string_view word) { words.emplace(word); }
  void merge(const WordSet& other) { words.insert(other.words.begin(), other.words.end()); }
  bool is_zero() const { return words.empty(); }
  const std::set<std::string>& value() const { return words; }
};

struct Misbehaved {
  int sum = 0;
  void add(int more) { sum += more; }
  void merge(const Misbehaved&) { throw std::runtime_error("no merging today"); }
  bool is_zero() const { return sum == 0; }
  int value() const { return sum; }
};

bool first_attempts_fail(std::uint32_t attempts) {
  return TaskContext::get().attempt_number() < attempts;
}

void check_types(volley::Context& context, Checks& checks) {
  const auto numbers = context.range(1, 101, 1, 7);
  const auto sum = context.long_accumulator("sum");
  const auto halves = context.double_accumulator("halves");
  const auto evens = context.collection_accumulator<std::int64_t>("evens");
  const auto words = context.register_accumulator(WordSet{}, "words");
  numbers.foreach ([=](std::int64_t i) {
    sum.add(i);
    halves.add(0.5);
    if (i % 2 == 0) evens.add(i);
    words.add(i % 3 == 0 ? "three" : "other");
  });
  checks.equal("a sum", sum.value(), 5050);
  checks.equal("its count", sum.count(), 100U);
  checks.equal("its average", sum.avg(), 50.5);
  checks.equal("ACC_003", halves.sum(), 50.0);
  checks.equal("a collection", evens.value().size(), 50U);
  checks.equal("a collection", sorted(evens.value()).front(), 2);
  checks.equal("a type of the user's", words.value(), std::set<std::string>{"other", "three"});
  checks.equal("its name", words.name(), std::string("words"));
  sum.reset();
  checks.holds("reset", sum.is_zero() && sum.value() == 0);
}

void check_zero_in_tasks(volley::Context& context, Checks& checks) {
  const auto sum = context.long_accumulator();
  const auto found = context.collection_accumulator<std::int64_t>();
  sum.add(5);
  checks.equal("ACC_001 in the program", sum.value(), 5);
  context.range(0, 1, 1, 1).foreach ([=](std::int64_t) {
    found.add(sum.value());
    sum.add(10);
    found.add(sum.value());
  });
  checks.equal("ACC_001 in the task", found.value(), std::vector<std::int64_t>{0, 10});
  checks.equal("ACC_001 in the program again", sum.value(), 15);
}

void check_failed_tasks(volley::Context& context, Checks& checks) {
  using Long = volley::SumAndCount<std::int64_t>;
  const auto all = context.register_accumulator(Long{}, "all", volley::Context::OnFailure::count);
  const auto good = context.long_accumulator("good");
  const auto tasks = context.range(0, 10, 1, 10);
  tasks.foreach ([=](std::int64_t) {
    all.add(1);
    good.add(1);
    if (first_attempts_fail(3)) throw std::runtime_error("on purpose");
  });
  checks.equal("ACC_007 with failures", all.value(), 40);
  checks.equal("ACC_007 without", good.value(), 10);
  const auto bad = context.register_accumulator(Misbehaved{}, "bad");
  good.reset();
  tasks.foreach ([=](std::int64_t) {
    bad.add(1);
    good.add(1);
  });
  checks.equal("ACC_008", good.value(), 10);
}

void check_stages(volley::Context& context, Checks& checks) {
  const auto maps = context.long_accumulator("maps");
  const auto sums = context.range(0, 1000, 1, 5)
                        .map([=](std::int64_t i) {
                          maps.add(1);
                          return std::pair{i % 7, i};
                        })
                        .reduce_by_key(std::plus<>{}, 4);
  checks.equal("a shuffle", sums.count(), 7);
  checks.equal("accumulators of map tasks", maps.value(), 1000);
  checks.equal("the shuffle again", sums.count(), 7);
  checks.equal("a stage that is skipped adds nothing", maps.value(), 1000);

  const auto cached = context.long_accumulator("cached");
  const auto numbers = context.range(0, 100, 1, 10).map([=](std::int64_t i) {
    cached.add(1);
    return i;
  });
  numbers.cache();
  const auto failing = numbers.map_partitions([](auto& records) {
    std::vector<std::int64_t> all;
    records.for_each([&](std::int64_t i) { all.push_back(i); });
    if (first_attempts_fail(1)) throw std::runtime_error("after it was cached");
    return all;
  });
  checks.equal("ACC_005 the job", failing.count(), 100);
  checks.equal("ACC_005", cached.value(), 100);
  checks.equal("from the cache", numbers.count(), 100);
  checks.equal("what is read from the cache adds nothing", cached.value(), 100);
  numbers.unpersist();
}

void check_contexts(volley::Context& context, Checks& checks) {
  const auto attempts = [&](std::uint32_t failing) {
    const auto numbers = context.register_accumulator(volley::Collected<std::uint32_t>{}, "",
                                                      volley::Context::OnFailure::count);
    context.range(0, 2, 1, 2).foreach ([=](std::int64_t i) {
      numbers.add(TaskContext::get().attempt_number());
      if (i == 1 && first_attempts_fail(failing)) throw std::runtime_error("on purpose");
    });
    const auto found = numbers.value();
    return std::set<std::uint32_t>(found.begin(), found.end());
  };
  checks.equal("TC_003 without failures", attempts(0), std::set<std::uint32_t>{0});
  checks.equal("TC_003 with one", attempts(1), std::set<std::uint32_t>{0, 1});

  context.set_local_property("color", "green");
  const auto colors = [&] {
    return context.range(0, 4, 1, 2)
        .map([](std::int64_t i) {
          return std::pair{i % 2, TaskContext::get().local_property("color")};
        })
        .group_by_key(2)
        .map_values([](const auto& before) {
          return before.front() + "/" + TaskContext::get().local_property("color");
        })
        .values()
        .collect();
  };
  checks.equal("TC_006", colors(), std::vector<std::string>(2, "green/green"));
  context.set_local_property("color", "");
  checks.equal("TC_006 taken back", colors(), std::vector<std::string>(2, "/"));
  checks.throws<volley::IllegalState>("outside of tasks", "where no task runs",
                                      [] { static_cast<void>(TaskContext::get()); });
  const auto partitions = context.range(0, 6, 1, 3)
                              .map([](std::int64_t) { return TaskContext::get().partition_id(); })
                              .collect();
  checks.equal("partition ids", partitions, std::vector<std::uint32_t>{0, 0, 1, 1, 2, 2});
}

void check_listeners(volley::Context& context, Checks& checks) {
  const auto heard = context.register_accumulator(volley::Collected<std::string>{}, "",
                                                  volley::Context::OnFailure::count);
  context.range(0, 1, 1, 1).foreach ([=](std::int64_t) {
    TaskContext::get().add_task_completion_listener([=] { heard.add("completion"); });
    TaskContext::get().add_task_failure_listener([=](const std::string& error) {
      const bool named = error.find("on purpose") != std::string::npos;
      heard.add(named ? "failure" : error);
    });
    if (first_attempts_fail(1)) throw std::runtime_error("on purpose");
  });
  checks.equal("TC_001", heard.value(),
               std::vector<std::string>{"failure", "completion", "completion"});
  checks.throws<volley::JobFailed>(
      "TC_002", "Exceptions in listeners of the task: second; first", [&] {
        context.range(0, 1, 1, 1).foreach ([](std::int64_t) {
          auto task = TaskContext::get();
          task.add_task_completion_listener([] { throw std::runtime_error("first"); });
          task.add_task_completion_listener([] { throw std::runtime_error("second"); });
        });
      });
}

/// The first attempts at some partitions end with their executor, after they have added.
void check_lost_executors(volley::Context& context, Checks& checks) {
  if (context.configuration("volley.isolation") == "none") return;
  const auto maps = context.long_accumulator("maps before a loss");
  const auto results = context.long_accumulator("results before a loss");
  const auto sums = context.range(0, 400, 1, 8)
                        .map([=](std::int64_t i) {
                          maps.add(1);
                          if (i == 120 && first_attempts_fail(1)) ::kill(::getpid(), SIGKILL);
                          return std::pair{i % 40, i};
                        })
                        .reduce_by_key(std::plus<>{}, 8);
  sums.foreach ([=](const auto& sum) {
    results.add(1);
    if (sum.first == 7 && first_attempts_fail(1)) ::kill(::getpid(), SIGKILL);
  });
  checks.equal("map tasks whose executor is lost count once", maps.value(), 400);
  checks.equal("result tasks whose executor is lost count once", results.value(), 40);
}

}  // namespace

void check_accumulators(volley::Context& context, Checks& checks) {
  check_types(context, checks);
  check_zero_in_tasks(context, checks);
  check_failed_tasks(context, checks);
  check_stages(context, checks);
  check_contexts(context, checks);
  check_listeners(context, checks);
  check_lost_executors(context, checks);
}

}  // namespace cluster_test
