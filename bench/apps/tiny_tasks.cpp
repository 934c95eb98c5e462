// tiny_tasks TASKS [MAPS REDUCERS]: what tasks cost that do nothing. Prints how many empty tasks
// run in a second, how long a job of one tiny task takes, and how long a shuffle of few records
// takes from MAPS to REDUCERS partitions (default: 100 and TASKS).

#include "inputs.hpp"

#include <volley/volley.hpp>

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <vector>

namespace {

double seconds_of(auto&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// In milliseconds; the median of some jobs, of which the first few warm up.
double median_job(volley::Context& context) {
  constexpr int warm_up = 20;
  constexpr int jobs = 201;
  const auto one = context.range(0, 1, 1, 1);
  std::vector<double> times;
  for (int i = 0; i < warm_up + jobs; ++i) {
    const double time = seconds_of([&] { one.count(); });
    if (i >= warm_up) times.push_back(time * 1000);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int tiny_tasks(volley::Context& context, const std::vector<std::string>& args) {
  const auto tasks = args.empty() ? std::nullopt : bench::number(args[0]);
  const auto maps = args.size() > 1 ? bench::number(args[1]) : 100;
  const auto reducers = args.size() > 2 ? bench::number(args[2]) : tasks;
  if (!tasks || !maps || !reducers || args.size() > 3) {
    std::cerr << "usage: tiny_tasks TASKS [MAPS REDUCERS]\n";
    return 2;
  }
  std::cout << std::fixed << std::setprecision(3);
  std::cout << "one task: " << median_job(context) << " ms\n";
  const auto slices = [](auto number) { return static_cast<std::uint32_t>(number); };
  const double empty = seconds_of([&] { context.range(0, 0, 1, slices(*tasks)).count(); });
  std::cout << "empty tasks: " << empty << " s, " << static_cast<double>(*tasks) / empty
            << " a second\n";
  std::int64_t groups = 0;
  const double shuffle = seconds_of([&] {
    groups = context.range(0, std::max<std::int64_t>(*maps, 1000), 1, slices(*maps))
                 .map([](std::int64_t i) {
                   return std::pair{i % 100, i};
                 })
                 .reduce_by_key(std::plus<>{}, slices(*reducers))
                 .count();
  });
  std::cout << "shuffle: " << shuffle << " s, " << *maps << " maps, " << *reducers
            << " partitions, " << groups << " groups\n";
  return groups == 100 ? 0 : 1;
}
VOLLEY_APPLICATION(tiny_tasks)
