#pragma once
// Scenario: what a seed stands for: a cluster, an application and a set of faults. run_seed() runs
// it and says whether it kept all promises.

#include "tests/sim/world.hpp"

#include <string>

namespace volley::sim {

struct SeedResult {
  std::uint64_t seed = 0;
  Report report;
  std::string violation;  ///< empty: the run kept all promises
};

WorldOptions scenario_of(std::uint64_t seed);
SeedResult run_seed(std::uint64_t seed, base::LogLevel log_level = base::LogLevel::off);
/// What it takes to schedule one application of `tasks` tasks on `ranks` ranks of one slot each.
struct ScaleResult {
  Report report;
  double seconds = 0;
  std::uint64_t resident_bytes = 0;  ///< at most, of this process so far
};
ScaleResult run_scale(std::uint32_t ranks, std::uint32_t tasks);
/// The command that repeats the run of a seed.
std::string replay_command(std::uint64_t seed);
/// From now on a failed CHECK says the seed that was set last, and how to repeat it.
void announce_seed_on_abort();

}  // namespace volley::sim
