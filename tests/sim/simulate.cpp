// simulate: runs seeds of the simulated cluster.
//   simulate --seed N [--log info]        one seed, with the roles' log
//   simulate --seeds COUNT [--first N]    many; the ones that fail are listed with their command
//   simulate --ranks R --tasks T          how long scheduling one large application takes

#include "tests/sim/scenario.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>

namespace {

using namespace volley;

struct Arguments {
  std::uint64_t first = 0;
  std::uint64_t seeds = 1;
  std::uint64_t ranks = 0;  ///< of a measurement
  std::uint64_t tasks = 0;
  base::LogLevel level = base::LogLevel::off;
  bool good = true;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (name == "--seed" || name == "--first") {
      arguments.first = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--seeds") {
      arguments.seeds = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--ranks") {
      arguments.ranks = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--tasks") {
      arguments.tasks = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--log") {
      arguments.level = value == "debug" ? base::LogLevel::debug : base::LogLevel::info;
    } else {
      arguments.good = false;
    }
  }
  return arguments;
}

void describe(const sim::SeedResult& result) {
  const sim::Report& report = result.report;
  fmt::print("seed {}: {}; {} events, {} of virtual time, {} attempts, fingerprint {:016x}\n",
             result.seed, result.violation.empty() ? "good" : result.violation, report.events,
             base::format_duration(report.took), report.attempts, report.fingerprint);
  for (const std::string& fault : report.faults) fmt::print("  {}\n", fault);
}

int measure(const Arguments& arguments) {
  const auto result = sim::run_scale(static_cast<std::uint32_t>(arguments.ranks),
                                     static_cast<std::uint32_t>(arguments.tasks));
  const auto decisions = static_cast<double>(arguments.ranks + arguments.tasks);
  fmt::print("{} ranks, {} tasks: {}; {:.1f} s, {:.0f} decisions/s, {:.0f} events/s, {} resident\n",
             arguments.ranks, arguments.tasks, result.report.succeeded ? "good" : "failed",
             result.seconds, decisions / result.seconds,
             static_cast<double>(result.report.events) / result.seconds,
             base::format_bytes(result.resident_bytes));
  for (const sim::PhaseCost& phase : result.report.phases) {
    fmt::print("  {}: {:.1f} s, {} events, {:.2f} for each decision\n", phase.name, phase.seconds,
               phase.events, static_cast<double>(phase.events) / decisions);
  }
  return result.report.succeeded ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  if (!arguments.good) {
    fmt::print(stderr,
               "usage: simulate [--seed N | --first N --seeds COUNT] [--log info|debug]\n"
               "       simulate --ranks R --tasks T\n");
    return 2;
  }
  if (arguments.ranks != 0) return measure(arguments);
  sim::announce_seed_on_abort();
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  std::uint64_t events = 0;
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    const sim::SeedResult result = sim::run_seed(seed, arguments.level);
    events += result.report.events;
    if (arguments.seeds == 1) describe(result);
    if (result.violation.empty()) continue;
    ++failed;
    if (arguments.seeds > 1) {
      fmt::print("seed {}: {}\n  {}\n", seed, result.violation, sim::replay_command(seed));
    }
    std::fflush(stdout);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  fmt::print("{} seeds from {} on, {} failed, {} events, {:.1f} s\n", arguments.seeds,
             arguments.first, failed, events, took.count());
  return failed == 0 ? 0 : 1;
}
