// Draining: the program hears of it, running jobs get their grace, and then they fail.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

void drain(FakeCluster& c, base::Duration grace) {
  c.send(master_address, protocol::DrainRequested{"signal", grace});
}

TEST(Drain, JobsThatEndWithinTheGraceSucceed) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.source(4)));
  drain(c, seconds{30});
  const auto told = c.program<protocol::DrainBegun>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].reason, "signal");
  c.tick(seconds{1});
  c.finish_all();
  c.expect_job_succeeded(0, 4);
  // What belongs to it, its checkpoint say, may still run.
  c.submit(b.job(1, b.source(2)));
  c.finish_all();
  c.expect_job_succeeded(1, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST(Drain, JobsFailAfterTheGrace) {
  FakeCluster c;
  c.add_executor(1, 1, 2);
  LineageBuilder b;
  c.submit(b.job(0, b.source(4)));
  drain(c, seconds{2});
  drain(c, seconds{1000});
  EXPECT_EQ(c.program<protocol::DrainBegun>().size(), 1U) << "the first one counts";
  c.tick(seconds{1});
  c.tick(seconds{1});
  EXPECT_TRUE(c.program<protocol::JobEnded>().empty());
  c.tick(seconds{1});
  c.submit(b.job(1, b.source(2)));
  c.tick(seconds{1});
  const auto ended = c.program<protocol::JobEnded>();
  ASSERT_EQ(ended.size(), 2U);
  for (const auto& job : ended) {
    EXPECT_FALSE(job.succeeded);
    EXPECT_NE(job.error.find("the run is being drained (signal)"), std::string::npos) << job.error;
  }
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
