// Seeds of the simulated cluster that every run of the tests covers.

#include "tests/sim/scenario.hpp"

#include <gtest/gtest.h>

namespace volley::sim {
namespace {

TEST(Simulation, SeedsKeepAllPromises) {
  announce_seed_on_abort();
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const SeedResult result = run_seed(seed);
    EXPECT_TRUE(result.violation.empty())
        << "seed " << seed << ": " << result.violation << "\n  " << replay_command(seed);
  }
}

/// Map outputs were lost right after the sizes of a shuffle had been asked for, to read it in
/// parts.
TEST(Simulation, AStageLooksAtItsInputsAgainWhenItHasMeasuredThem) {
  announce_seed_on_abort();
  for (const std::uint64_t seed : {21150U, 21410U, 25328U, 27013U}) {
    const SeedResult result = run_seed(seed);
    EXPECT_TRUE(result.violation.empty()) << "seed " << seed << ": " << result.violation;
  }
}

TEST(Simulation, ASeedRepeatsItselfEventByEvent) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    const SeedResult first = run_seed(seed);
    const SeedResult again = run_seed(seed);
    EXPECT_EQ(first.report.events, again.report.events);
    EXPECT_EQ(first.report.fingerprint, again.report.fingerprint);
    EXPECT_NE(first.report.fingerprint, run_seed(seed + 100).report.fingerprint);
  }
}

}  // namespace
}  // namespace volley::sim
