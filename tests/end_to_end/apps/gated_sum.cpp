// gated_sum OUTPUT GATES RECORDS MAPS REDUCES: sums of numbers by key, whose tasks wait at gates.
//
// GATES is a directory. A task of the map stage that finds the file GATES/hold.map writes its
// process id into a new file GATES/at.map.PID and stays until GATES/go.map exists; tasks of the
// reduce stage and the driver's program do the same with "reduce" and "driver". So a test kills a
// process exactly when it is where the test wants it.

#include <volley/volley.hpp>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace {

namespace fs = std::filesystem;

void pass_gate(const std::string& gates, const std::string& name) {
  if (!fs::exists(gates + "/hold." + name)) return;
  const std::string at = gates + "/at." + name + "." + std::to_string(::getpid());
  std::ofstream{at};
  while (!fs::exists(gates + "/go." + name)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

/// (key, number) of a number; waits at the gate where a partition begins.
struct ToPair {
  std::string gates;
  std::int64_t per_partition = 1;
  std::pair<std::string, std::int64_t> operator()(std::int64_t number) const {
    if (number % per_partition == 0) pass_gate(gates, "map");
    return {"key" + std::to_string(number % 997 + number % 13 * 1000), number};
  }
};

/// The sum itself; waits at the gate at one key of each reduce partition at least.
struct Hold {
  std::string gates;
  std::int64_t operator()(std::int64_t sum) const {
    if (sum % 4 == 0) pass_gate(gates, "reduce");
    return sum;
  }
};

int gated_sum(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 5) return 2;
  const std::string& gates = args[1];
  const std::int64_t records = std::stol(args[2]);
  const auto maps = static_cast<std::uint32_t>(std::stoul(args[3]));
  const auto reduces = static_cast<std::uint32_t>(std::stoul(args[4]));
  pass_gate(gates, "driver");
  context.range(0, records, 1, maps)
      .map(ToPair{gates, records / maps})
      .reduce_by_key(std::plus<>{}, reduces)
      .map_values(Hold{gates})
      .save_as_text_file(args[0]);
  pass_gate(gates, "saved");
  return 0;
}

}  // namespace
VOLLEY_APPLICATION(gated_sum)
