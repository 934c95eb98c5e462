// In which order task sets are served.

#include "driver/pools.hpp"

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

/// Launches one task at a time of made-up sets, and says of which stage it was.
class Sharing {
 public:
  explicit Sharing(std::vector<PoolOptions> pools) : pools_(std::move(pools)) {}

  void add(base::StageId stage, const std::string& pool, std::size_t tasks) {
    sets_.push_back({{stage, stage, 0}, pool, 0, true});
    left_.push_back(tasks);
  }
  std::vector<base::StageId> launch(std::size_t tasks) {
    std::vector<base::StageId> order;
    for (std::size_t i = 0; i < tasks; ++i) {
      const auto keys = pools_.order(sets_);
      if (keys.empty()) break;
      order.push_back(keys.front().stage);
      for (std::size_t s = 0; s < sets_.size(); ++s) {
        if (sets_[s].key != keys.front()) continue;
        ++sets_[s].running;
        sets_[s].wants = --left_[s] > 0;
      }
    }
    return order;
  }

 private:
  Pools pools_;
  std::vector<WantingSet> sets_;
  std::vector<std::size_t> left_;
};

using Stages = std::vector<base::StageId>;

TEST(PoolOrder, POOL_002_MinimumsFirstThenWeights) {
  Sharing sharing({{"1", "", ScheduleMode::fifo, 1, 2}, {"2", "", ScheduleMode::fifo, 1, 3}});
  sharing.add(0, "1", 1);
  sharing.add(1, "1", 1);
  sharing.add(2, "1", 2);
  sharing.add(3, "2", 2);
  sharing.add(4, "2", 2);
  EXPECT_EQ(sharing.launch(8), (Stages{0, 3, 3, 1, 4, 2, 2, 4}));
}

TEST(PoolOrder, POOL_003_PoolsInPoolsShareOnEachLevel) {
  const auto fair = ScheduleMode::fair;
  Sharing sharing({{"0", "", fair, 1, 3},
                   {"1", "", fair, 1, 4},
                   {"00", "0", fair, 2, 2},
                   {"01", "0", fair, 1, 1},
                   {"10", "1", fair, 2, 2},
                   {"11", "1", fair, 1, 2}});
  const char* pools[] = {"00", "00", "01", "01", "10", "10", "11", "11"};
  for (base::StageId stage = 0; stage < 8; ++stage) sharing.add(stage, pools[stage], 5);
  EXPECT_EQ(sharing.launch(4), (Stages{0, 4, 6, 2}));
}

TEST(PoolOrder, APoolThatNobodyConfiguredSharesEvenly) {
  Sharing sharing({{"heavy", "", ScheduleMode::fifo, 3, 0}});
  sharing.add(0, "heavy", 10);
  sharing.add(1, "", 10);
  const auto order = sharing.launch(8);
  EXPECT_EQ(std::count(order.begin(), order.end(), 0U), 6);
}

TEST(PoolOrder, ACircleOfParentsDoesNotHang) {
  Sharing sharing({{"a", "b", ScheduleMode::fifo, 1, 0}, {"b", "a", ScheduleMode::fifo, 1, 0}});
  sharing.add(0, "a", 1);
  EXPECT_LE(sharing.launch(1).size(), 1U);
}

protocol::JobSubmitted job_in(LineageBuilder& b, base::JobId id, std::uint32_t tasks,
                              const std::string& pool) {
  auto job = b.job(id, b.source(tasks));
  job.pool = pool;
  return job;
}

TEST(DriverPools, POOL_001_WithoutPoolsTheFirstJobGoesFirst) {
  FakeCluster c;
  LineageBuilder b;
  for (base::JobId job = 0; job < 3; ++job) c.submit(job_in(b, job, 2, "any"));
  c.add_executor(1, 1, 1);
  std::vector<base::StageId> order;
  while (!c.tasks.empty()) {
    order.push_back(c.tasks.begin()->second.launched.attempt.stage);
    c.finish(c.tasks.begin()->first);
  }
  EXPECT_EQ(order, (Stages{0, 0, 1, 1, 2, 2}));
  EXPECT_TRUE(c.driver.idle());
}

TEST(DriverPools, POOL_002_JobsOfTwoPoolsRunSideBySide) {
  Options options;
  options.schedule_mode = ScheduleMode::fair;
  options.pools = {{"light", "", ScheduleMode::fifo, 1, 0},
                   {"heavy", "", ScheduleMode::fifo, 3, 0}};
  FakeCluster c(options);
  LineageBuilder b;
  c.submit(job_in(b, 0, 40, "light"));
  c.submit(job_in(b, 1, 40, "heavy"));
  c.add_executor(1, 1, 8);
  EXPECT_EQ(c.running_of(0).size(), 2U);
  EXPECT_EQ(c.running_of(1).size(), 6U);
  c.finish_all();
  c.expect_job_succeeded(0, 40);
  c.expect_job_succeeded(1, 40);
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
