#include "driver/worker_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace volley::driver {
namespace {

std::vector<WorkerKey> keys_in(const WorkerSet& set) { return {set.begin(), set.end()}; }

TEST(WorkerSet, BehavesAsAnOrderedSetDoes) {
  std::minstd_rand random(7);
  for (const std::uint32_t members : {1U, 3U, 7U}) {
    WorkerSet set;
    std::set<WorkerKey> model;
    for (int step = 0; step < 20000; ++step) {
      // Dense here, far apart there.
      const bool far = random() % 4 == 0;
      const WorkerKey key{static_cast<base::ExecutorId>(random() % (far ? 300000U : 200U)),
                          static_cast<std::uint32_t>(random() % members)};
      ASSERT_EQ(set.contains(key), model.contains(key));
      if (random() % 3 == 0) {
        ASSERT_EQ(set.insert(key), model.insert(key).second);
      } else {
        ASSERT_EQ(set.erase(key), model.erase(key) == 1);
      }
      ASSERT_EQ(set.size(), model.size());
      const auto expected = model.upper_bound(key);
      const auto found = set.upper_bound(key);
      ASSERT_EQ(found == set.end(), expected == model.end());
      if (expected != model.end()) {
        ASSERT_EQ(*found, *expected);
      }
    }
    EXPECT_EQ(keys_in(set), std::vector<WorkerKey>(model.begin(), model.end()));
  }
}

TEST(WorkerSet, AnExecutorWithMoreMembersThanThoseBeforeKeepsThem) {
  WorkerSet set;
  for (base::ExecutorId executor = 1; executor <= 100; ++executor) set.insert({executor, 0});
  EXPECT_FALSE(set.contains({5, 1}));
  EXPECT_EQ(*set.upper_bound({5, 9}), (WorkerKey{6, 0}));
  EXPECT_TRUE(set.insert({50, 2}));
  EXPECT_EQ(set.size(), 101U);
  EXPECT_EQ(*set.upper_bound({50, 0}), (WorkerKey{50, 2}));
  EXPECT_EQ(*set.upper_bound({50, 2}), (WorkerKey{51, 0}));
  EXPECT_FALSE(set.contains({51, 2}));
}

TEST(WorkerSet, EmptyHasNoFirst) {
  WorkerSet set;
  EXPECT_EQ(set.begin(), set.end());
  EXPECT_EQ(set.upper_bound({7, 0}), set.end());
  EXPECT_FALSE(set.erase({7, 0}));
  EXPECT_TRUE(set.insert({7, 0}));
  EXPECT_TRUE(set.erase({7, 0}));
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.begin(), set.end());
}

}  // namespace
}  // namespace volley::driver
