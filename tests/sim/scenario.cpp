#include "tests/sim/scenario.hpp"

#include "tests/sim/violation.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>

namespace volley::sim {

using namespace std::chrono_literals;

namespace {

/// Written before a run, read by the handler of SIGABRT.
std::array<char, 256> last_words{};

void say_last_words(int) {
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, last_words.data(), std::strlen(last_words.data()));
  ::_exit(134);
}

/// Executors come and go with the load.
driver::AllocationOptions allocation_of(Random& random) {
  driver::AllocationOptions allocation;
  allocation.enabled = true;
  allocation.minimum = static_cast<std::uint32_t>(random.between(0, 2));
  allocation.initial = static_cast<std::uint32_t>(random.between(0, 3));
  if (random.one_in(2)) {
    allocation.maximum = static_cast<std::uint32_t>(random.between(2, 6));
  }
  allocation.backlog = random.duration(1ms, 2s);
  allocation.sustained = random.duration(1ms, 2s);
  allocation.idle = random.duration(100ms, 5s);
  if (random.one_in(2)) allocation.cached_idle = random.duration(200ms, 8s);
  return allocation;
}

const std::vector<FaultKind> harmless_kinds = {FaultKind::slow_rank, FaultKind::slow_process,
                                               FaultKind::pause_rank, FaultKind::lose_data};

/// Copies of slow tasks, places to keep away from, pools, and a reaper of tasks that do not stop.
void schedule(WorldOptions& options, Random& random) {
  if (random.one_in(3)) {
    options.speculation.enabled = true;
    options.speculation.quantile = 0.5;
    options.speculation.multiplier = random.one_in(2) ? 1.0 : 2.0;
    options.speculation.min_runtime = 1ms;
  }
  if (random.one_in(4)) {
    options.exclusion.task_and_stage = true;
    options.exclusion.application = random.one_in(2);
    options.exclusion.timeout = 20s;
    options.exclusion.kill = random.one_in(3);
    options.exclusion.unschedulable_wait = 30s;
  }
  if (random.one_in(2)) {
    // Values have 8 bytes: nearly every partition above the median is oversized.
    options.parts = {random.one_in(2) ? 0.5 : 1.2, base::ByteCount{8}, base::ByteCount{8}};
  }
  if (random.one_in(3)) options.schedule_mode = driver::ScheduleMode::fair;
  options.reaper = random.one_in(4);
}

}  // namespace

WorldOptions scenario_of(std::uint64_t seed) {
  Random random(mix(seed, 1));
  WorldOptions options;
  options.seed = seed;
  options.ranks = static_cast<std::uint32_t>(random.between(1, 10));
  options.ranks_per_node = static_cast<std::uint32_t>(random.between(1, 4));
  options.slots = static_cast<std::uint32_t>(random.between(1, 4));
  if (random.one_in(4)) options.mode = protocol::DeployMode::client;
  options.request.cores = static_cast<std::uint32_t>(random.between(1, options.slots));
  if (random.one_in(6)) options.request.cores = options.slots + 1;  // several ranks a container
  if (random.one_in(2)) options.request.count = static_cast<std::uint32_t>(random.between(1, 6));
  options.program.rdds = static_cast<std::uint32_t>(random.between(1, 14));
  options.program.most_partitions = static_cast<std::uint32_t>(random.between(1, 10));
  options.program.rounds = static_cast<std::uint32_t>(random.between(1, 4));
  options.program.most_jobs = static_cast<std::uint32_t>(random.between(1, 3));
  options.slowest_message = random.one_in(3) ? base::Duration{300ms} : base::Duration{2ms};
  options.longest_task = random.one_in(3) ? base::Duration{3s} : base::Duration{200ms};
  if (random.one_in(6)) options.longest_task = 1ms;  // those are launched far ahead of the slots
  if (random.one_in(2)) options.linger = 15s;
  FaultPlan& faults = options.faults;
  if (!random.one_in(5))
    faults.count = static_cast<std::uint32_t>(random.between(1, random.one_in(3) ? 12 : 4));
  faults.kinds = {FaultKind::kill_executor, FaultKind::kill_executor, FaultKind::kill_master,
                  FaultKind::kill_driver,   FaultKind::hang_executor, FaultKind::lose_data,
                  FaultKind::slow_rank,     FaultKind::slow_process,  FaultKind::pause_rank,
                  FaultKind::hang_master,   FaultKind::hang_driver,   FaultKind::pause_process,
                  FaultKind::lose_rank,     FaultKind::lose_node};
  // In client mode the driver is the user's own process: its end is the application's.
  if (options.mode == protocol::DeployMode::client) {
    std::erase(faults.kinds, FaultKind::kill_driver);
    std::erase(faults.kinds, FaultKind::hang_driver);
  }
  faults.within = random.one_in(3) ? 200 : 2000;
  if (random.one_in(4)) faults.exception_one_in = random.between(10, 100);
  faults.launches_fail = random.one_in(8);
  // Limits that no plan of faults reaches: what goes wrong must not be the application's end.
  options.max_am_attempts = faults.count + (faults.launches_fail ? 10 : 2);
  options.max_failures = 40;
  if (random.one_in(4)) options.allocation = allocation_of(random);
  schedule(options, random);
  // So few that any one executor has room for all.
  if (!options.allocation.enabled && random.one_in(3)) {
    options.program.barrier_tasks = options.request.cores;
  }
  return options;
}

SeedResult run_seed(std::uint64_t seed, base::LogLevel log_level) {
  fmt::format_to_n(last_words.data(), last_words.size() - 1,
                   "seed {} ended with a failed CHECK; repeat it with:\n  {}\n{}", seed,
                   replay_command(seed), '\0');
  SeedResult result;
  result.seed = seed;
  try {
    WorldOptions options = scenario_of(seed);
    options.log_level = log_level;
    World world(options);
    result.report = world.run();
    // Too few ranks may be left for a container of several, or too few that failures have not
    // excluded.
    const std::string& error = result.report.error;
    const bool impossible =
        result.report.attempts == 0 || error.find("cannot run anywhere") != std::string::npos ||
        error.starts_with("[SPARK-24819]") || error.starts_with("No executor could be had") ||
        error.find("no executor can be granted") != std::string::npos;
    if (!result.report.succeeded && !impossible) {
      result.violation = "the application failed: " + error;
    }
  } catch (const Violation& violation) {
    result.violation = violation.what();
  }
  return result;
}

ScaleResult run_scale(std::uint32_t ranks, std::uint32_t tasks) {
  WorldOptions options;
  options.seed = 1;
  options.ranks = ranks;
  options.ranks_per_node = 64;
  options.slots = 1;
  options.flat_tasks = tasks;
  options.tick = 1s;
  options.longest_task = 200ms;
  const auto start = std::chrono::steady_clock::now();
  ScaleResult result;
  {
    World world(options);
    result.report = world.run();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  result.seconds = took.count();
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  result.resident_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024U;
  return result;
}

std::string replay_command(std::uint64_t seed) {
  return fmt::format("build/release/tests/sim/simulate --seed {} --log info", seed);
}

void announce_seed_on_abort() { std::signal(SIGABRT, say_last_words); }

}  // namespace volley::sim
