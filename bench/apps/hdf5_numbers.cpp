// hdf5_numbers write FILE MEBIBYTES [CHUNK-KIBIBYTES [GZIP [KEEP]]]: int64 values into dataset
// "numbers"; KEEP 0 computes them twice.
// hdf5_numbers read FILE [TIMES]: their sum, and how fast that was.

#include <volley/volley.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

template <class Action>
double seconds_of(Action&& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void report(const char* what, std::int64_t values, double seconds) {
  std::cout << what << " seconds " << seconds << " GB/s "
            << static_cast<double>(values) * 8e-9 / seconds << std::endl;
}

void write(volley::Context& context, const std::vector<std::string>& args) {
  const std::int64_t values = std::stoll(args.at(2)) << 17U;
  volley::Hdf5WriteOptions options;
  if (args.size() > 3) options.chunk_rows = std::stoull(args[3]) << 7U;
  if (args.size() > 4) options.gzip = std::stoi(args[4]);
  if (args.size() > 5) options.keep = args[5] != "0";
  const auto numbers =
      context.range(0, values, 1, 32).map([](std::int64_t i) { return i * 0x9e3779b9 % 1000003; });
  const double seconds = seconds_of([&] { numbers.save_as_hdf5(args.at(1), "numbers", options); });
  report("write", values, seconds);
}

void read(volley::Context& context, const std::vector<std::string>& args) {
  const int times = args.size() > 2 ? std::stoi(args[2]) : 5;
  for (int i = 0; i < times; ++i) {
    std::int64_t sum = 0;
    const double seconds = seconds_of([&] {
      sum = context.hdf5_dataset<std::int64_t>(args.at(1), "numbers")
                .map_partitions([](auto& numbers) {
                  std::int64_t partial = 0;
                  numbers.for_each([&](std::int64_t number) { partial += number; });
                  return std::vector{partial};
                })
                .reduce(std::plus<>{});
    });
    const auto info = volley::hdf5_dataset_info(args.at(1), "numbers");
    std::cout << "sum " << sum << ' ';
    report("read", static_cast<std::int64_t>(info.shape.at(0)), seconds);
  }
}

int hdf5_numbers(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() < 2) return 2;
  if (args[0] == "write") {
    write(context, args);
  } else {
    read(context, args);
  }
  return 0;
}

}  // namespace

VOLLEY_APPLICATION(hdf5_numbers)
