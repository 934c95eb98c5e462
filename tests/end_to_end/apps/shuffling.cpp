// shuffling WHAT ...: jobs with shuffles whose executors leave, whose tasks wait or fail, and whose
// results are to be the same wherever they run.
//
//   leave DIRECTORY    two tasks end their processes, once each
//   rounds DIRECTORY   in each of three jobs a task of the map stage ends its process, once
//   beside DIRECTORY   a task waits until another job, with a shuffle, is over
//   numbers            sums of floating-point numbers, and where sorted partitions begin
//   spill HOW          sums and groups of many keys; HOW is succeed, or fail: a reduce task throws

#include <volley/volley.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

namespace fs = std::filesystem;

/// Ends the process of the first task that sees a number below `until` with this mark.
struct Leave {
  std::string mark;
  std::int64_t until = 0;
  std::int64_t operator()(std::int64_t number) const {
    if (number >= until) return number;
    const std::string file = mark + std::to_string(number);
    const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (made >= 0) ::_exit(42);
    return number;
  }
};

std::pair<std::int64_t, std::int64_t> twin(std::int64_t number) { return {number, number}; }

void leave(volley::Context& context, const std::string& directory) {
  std::cout << "before: " << context.range(0, 2, 1, 2).count() << "\n";
  const auto rows = context.range(0, 2, 1, 2)
                        .map(Leave{directory + "/left.", 2})
                        .map([](std::int64_t number) { return twin(number); })
                        .group_by_key(2)
                        .collect();
  std::cout << "rows: " << rows.size() << "\n";
}

void rounds(volley::Context& context, const std::string& directory) {
  for (int round = 0; round < 3; ++round) {
    const auto groups = context.range(0, 2, 1, 2)
                            .map(Leave{directory + "/round" + std::to_string(round) + ".", 1})
                            .map([](std::int64_t number) { return twin(number); })
                            .group_by_key(2);
    std::cout << "round " << round << ": " << groups.count() << "\n";
  }
}

struct WaitForFile {
  std::string directory;
  std::int64_t operator()(std::int64_t number) const {
    std::ofstream{directory + "/at"};
    while (!fs::exists(directory + "/go"))
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return number;
  }
};

void beside(volley::Context& context, const std::string& directory) {
  std::int64_t waited = 0;
  std::thread slow([&] { waited = context.range(0, 1, 1, 1).map(WaitForFile{directory}).count(); });
  while (!fs::exists(directory + "/at")) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const auto sums = context.range(0, 10'000, 1, 6)
                        .map([](std::int64_t x) { return std::pair(x % 100, x); })
                        .reduce_by_key(std::plus<>{}, 6);
  std::cout << "beside: " << sums.count() << ", waiting: " << context.active_jobs().size() << "\n";
  std::ofstream{directory + "/go"};
  slow.join();
  std::cout << "waited: " << waited << "\n";
}

void print(const char* name, double value) { std::printf("%s %a\n", name, value); }

void numbers(volley::Context& context) {
  const auto fractions = context.range(0, 50'000, 1, 16).map([](std::int64_t x) {
    return std::pair(x % 7, 1.0 / static_cast<double>(x * 7919 % 50'021 + 1));
  });
  for (const auto& [key, sum] : fractions.reduce_by_key(std::plus<>{}, 5).collect()) {
    print(("sum " + std::to_string(key)).c_str(), sum);
  }
  print("sum", fractions.values().reduce(std::plus<>{}));
  const auto starts = fractions.map([](const auto& pair) { return std::pair(pair.second, 1); })
                          .sort_by_key(true, 6)
                          .map_partitions([](auto& records) {
                            std::vector<std::pair<double, int>> start;
                            records.for_each([&](const auto& record) {
                              if (start.empty()) start.emplace_back(record.first, 0);
                              ++start[0].second;
                            });
                            return start;
                          })
                          .collect();
  for (const auto& [bound, size] : starts) print(("bound " + std::to_string(size)).c_str(), bound);
}

void spill(volley::Context& context, bool fail) {
  const auto pairs = context.range(0, 400'000, 1, 4).map([](std::int64_t x) {
    return std::pair(x * 7919 % 100'003, x);
  });
  std::cout << "sums: " << pairs.reduce_by_key(std::plus<>{}, 4).values().reduce(std::plus<>{})
            << "\n";
  const auto sizes = pairs.group_by_key(4).map(volley::bind(
      [](bool throws, const auto& group) {
        if (throws && group.first == 77'777) throw std::runtime_error("the reduce task fails");
        return static_cast<std::int64_t>(group.second.size());
      },
      fail));
  std::cout << "grouped: " << sizes.reduce(std::plus<>{}) << "\n";
}

int shuffling(volley::Context& context, const std::vector<std::string>& args) {
  const std::string& what = args.at(0);
  if (what == "leave") leave(context, args.at(1));
  if (what == "rounds") rounds(context, args.at(1));
  if (what == "beside") beside(context, args.at(1));
  if (what == "numbers") numbers(context);
  if (what == "spill") spill(context, args.at(1) == "fail");
  return 0;
}

}  // namespace
VOLLEY_APPLICATION(shuffling)
