// shared_variables GATES MEBIBYTES: three jobs whose tasks read a broadcast of so much and count
// themselves. GATES is a directory: while it has a file hold.NAME and no go.NAME, the tasks of the
// first job ("map") or the program between the first two ("driver") leave a file at.NAME.PID and
// wait, so that a test can end processes there.

#include <volley/volley.hpp>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t tasks = 8;

void pass_gate(const std::string& gates, const std::string& name) {
  if (!fs::exists(gates + "/hold." + name)) return;
  std::ofstream{gates + "/at." + name + "." + std::to_string(::getpid())};
  while (!fs::exists(gates + "/go." + name)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

/// The sum of the broadcast.
struct Sum {
  std::string gates;
  volley::Broadcast<std::vector<std::uint64_t>> values;
  volley::LongAccumulator counted;
  std::uint64_t operator()(std::int64_t) const {
    pass_gate(gates, "map");
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values.value()) sum += value;
    counted.add(1);
    return sum;
  }
};

int shared_variables(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 2) return 2;
  const std::size_t size = (std::stoull(args[1]) << 20U) / 8;
  const auto values = context.broadcast(std::vector<std::uint64_t>(size, 3));
  const auto counted = context.long_accumulator("tasks");
  const auto numbers = context.range(0, tasks, 1, tasks);
  bool right = true;
  for (int job = 0; job < 3; ++job) {
    const auto sums = numbers.map(Sum{args[0], values, counted}).collect();
    for (const std::uint64_t sum : sums) right &= sum == 3 * size;
    if (job == 0) pass_gate(args[0], "driver");
    if (job == 1) values.unpersist();
  }
  values.destroy();
  std::cout << "sums are " << (right ? "right" : "wrong") << ", counted " << counted.value()
            << std::endl;
  return right ? 0 : 1;
}

}  // namespace
VOLLEY_APPLICATION(shared_variables)
