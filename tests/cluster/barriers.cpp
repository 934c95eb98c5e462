// Barrier stages: tasks that wait for each other and exchange values.

#include "check.hpp"

#include <filesystem>
#include <fstream>

namespace cluster_test {
namespace {

constexpr std::uint32_t tasks = 2;

/// Leaves a file, waits for the others, and counts the files there are.
struct CountFiles {
  std::string directory;
  template <class Records>
  std::vector<int> operator()(volley::BarrierTask& task, Records&) const {
    std::ofstream(directory + "/" + std::to_string(task.partition_id())) << "here";
    task.barrier();
    int files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) {
      ++files;
    }
    task.barrier();
    return {files};
  }
};

void check_collectives(volley::Context& context, Checks& checks) {
  const auto numbers = context.range(0, 10, 1, tasks);
  const auto sums =
      numbers.barrier()
          .map_partitions([](volley::BarrierTask& task, auto& records) {
            std::int64_t sum = 0;
            for (const std::int64_t value : records) sum += value;
            std::vector<std::int64_t> result = task.all_gather(sum);
            task.barrier();
            result.push_back(task.all_reduce(sum, std::plus<>{}));
            for (const std::int64_t value : task.all_to_all(std::vector<std::int64_t>{sum, -sum})) {
              result.push_back(value);
            }
            result.push_back(task.broadcast(task.partition_id() == 1 ? sum : 0, 1));
            result.push_back(task.num_tasks());
            return std::vector<std::vector<std::int64_t>>{result};
          })
          .collect();
  using Lists = std::vector<std::vector<std::int64_t>>;
  checks.equal("BAR_004", sums, Lists{{10, 35, 45, 10, 35, 35, 2}, {10, 35, 45, -10, -35, 35, 2}});
}

void check_in_the_middle(volley::Context& context, Checks& checks) {
  const auto ranks = context.range(0, 100, 1, 4)
                         .map([](std::int64_t i) {
                           return std::pair{i % 10, 1L};
                         })
                         .reduce_by_key(std::plus<>{}, tasks)
                         .barrier()
                         .map_partitions([](volley::BarrierTask& task, auto& records) {
                           long keys = 0;
                           records.for_each([&](const auto&) { ++keys; });
                           const long all = task.all_reduce(keys, std::plus<>{});
                           return std::vector{std::pair{task.partition_id(), all}};
                         })
                         .group_by_key(3)
                         .collect();
  checks.equal("a barrier stage between two shuffles", ranks.size(), std::size_t{tasks});
  for (const auto& [partition, counts] : ranks) {
    checks.equal("a barrier stage between two shuffles", counts, std::vector<long>{10});
  }
}

void check_errors(volley::Context& context, Checks& checks) {
  const auto numbers = context.range(0, 10, 1, tasks);
  const auto mixed = numbers.barrier().map_partitions([](volley::BarrierTask& task, auto&) {
    if (task.partition_id() == 0) {
      task.barrier();
    } else {
      static_cast<void>(task.all_gather(1));
    }
    return std::vector<int>{};
  });
  checks.throws<volley::JobFailed>("BAR_003", "Different barrier sync types found",
                                   [&] { mixed.count(); });
  const auto failing = numbers.barrier().map_partitions([](volley::BarrierTask& task, auto&) {
    if (task.partition_id() == 0) throw std::runtime_error("not today");
    task.barrier();
    return std::vector<int>{};
  });
  checks.throws<volley::JobFailed>("a task that fails ends those that wait for it", "not today",
                                   [&] { failing.count(); });
  const auto fine = numbers.barrier().map_partitions(
      [](volley::BarrierTask& task, auto&) { return task.all_gather(task.partition_id()); });
  checks.equal("after stages that failed", fine.count(), tasks * tasks);
}

}  // namespace

void check_barriers(volley::Context& context, Checks& checks) {
  const std::string directory = checks.path("barrier");
  std::filesystem::create_directory(directory);
  checks.equal(
      "BAR_001",
      context.range(0, 10, 1, tasks).barrier().map_partitions(CountFiles{directory}).collect(),
      std::vector<int>(tasks, tasks));
  check_collectives(context, checks);
  check_in_the_middle(context, checks);
  check_errors(context, checks);
}

}  // namespace cluster_test
