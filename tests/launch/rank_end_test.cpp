#include "launch/rank_end.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

namespace volley::launch {
namespace {

using std::chrono::milliseconds;

TEST(ProgressWatchDeathTest, EndsAProcessWhoseThreadDoesNotComeBack) {
  EXPECT_EXIT(
      {
        ProgressWatch watch(milliseconds{50});
        for (std::atomic<unsigned> spins{0};;) ++spins;
      },
      testing::ExitedWithCode(70), "stuck inside the MPI library");
}

TEST(ProgressWatchDeathTest, LeavesAThreadAloneThatComesBackOrSleeps) {
  EXPECT_EXIT(
      {
        ProgressWatch watch(milliseconds{200});
        const auto cpu = [] { return std::clock() * 1000 / CLOCKS_PER_SEC; };
        for (const auto begin = cpu(); cpu() - begin < 600;) watch.alive();
        std::exit(3);
      },
      testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace volley::launch
