// iterate INPUT OUTPUT GATES ITERATIONS: numbers by key that are changed again and again, with one
// action in each iteration and a checkpoint in every second one. Prints each iteration's total.
//
// Tasks leave a line "ITERATION KEY" in GATES/ran for some of their records, so that a test sees
// which work was done; 0 stands for the output that is saved first, OUTPUT.first. A task of
// iteration i that finds GATES/hold.i writes its process id into GATES/at.i.PID and stays until
// GATES/go.i exists; the driver does the same with "first" between the first output and the
// iterations.

#include <volley/volley.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

namespace {

namespace fs = std::filesystem;

void pass_gate(const std::string& gates, const std::string& name) {
  if (!fs::exists(gates + "/hold." + name)) return;
  std::ofstream{gates + "/at." + name + "." + std::to_string(::getpid())};
  while (!fs::exists(gates + "/go." + name)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void note(const std::string& gates, std::int64_t iteration, std::int64_t key) {
  const std::string line = std::to_string(iteration) + " " + std::to_string(key) + "\n";
  const int file =
      ::open((gates + "/ran").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  [[maybe_unused]] const auto written = ::write(file, line.data(), line.size());
  ::close(file);
}

using Pair = std::pair<std::int64_t, std::int64_t>;
constexpr std::int64_t keys = 40;
constexpr std::int64_t modulus = 1000003;

Pair parse(std::string_view line) {
  std::int64_t number = 0;
  std::from_chars(line.data(), line.data() + line.size(), number);
  return {number % keys, number};
}

struct Step {
  std::string gates;
  std::int64_t iteration = 0;
  std::int64_t total = 0;
  Pair operator()(const Pair& record) const {
    if (record.first % 10 == 0) {
      pass_gate(gates, std::to_string(iteration));
      note(gates, iteration, record.first);
    }
    return {(record.first * 7 + iteration) % keys, (record.second * 3 + total) % modulus};
  }
};

struct First {
  std::string gates;
  Pair operator()(const Pair& record) const {
    if (record.first == 0) note(gates, 0, record.first);
    return record;
  }
};

int iterate(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 4) return 2;
  const std::string& gates = args[2];
  volley::Rdd<Pair> state = context.text_file(args[0], 4).map(&parse);
  state.map(First{gates}).save_as_text_file(args[1] + ".first");
  pass_gate(gates, "first");
  std::int64_t total = 0;
  for (std::int64_t i = 1; i <= std::stol(args[3]); ++i) {
    state = state.map(Step{gates, i, total}).reduce_by_key(std::plus<>{}, 4);
    if (i % 2 == 0 && !context.configuration("volley.recovery.dir").empty()) state.checkpoint();
    total = state.values().reduce(std::plus<>{}) % modulus;
    std::cout << "iteration " << i << ": " << total << std::endl;
  }
  state.save_as_text_file(args[1]);
  return 0;
}

}  // namespace
VOLLEY_APPLICATION(iterate)
