// Executors come as they are needed, and those that are there may not run a task.

#include "tests/driver/fake_cluster.hpp"
#include "tests/driver/lineage_builder.hpp"

#include <gtest/gtest.h>

namespace volley::driver::testing {
namespace {

class AllocationExclusion : public ::testing::Test {
 protected:
  AllocationExclusion() : c(settings()) {
    c.send(master_address, protocol::ExecutorsNegotiated{1, 1, 2, true, ""});
    c.add_executor(1, 1, 2);
    c.submit(b.job(0, b.source(2)));
    c.finish(c.tasks.begin()->first, TaskOutcome::exception, "bad disk");
    EXPECT_EQ(c.tasks.size(), 1U) << "the other one keeps the executor busy";
  }
  static Options settings() {
    Options options;
    options.exclusion.task_and_stage = true;
    options.allocation.enabled = true;
    options.allocation.initial = 1;
    return options;
  }
  std::uint32_t wanted() const {
    const auto requests =
        c.received<protocol::ExecutorsRequested, protocol::ApplicationMasterMessage>(
            master_address);
    return requests.empty() ? 1 : requests.back().count;
  }

  FakeCluster c;
  LineageBuilder b;
};

TEST_F(AllocationExclusion, DYN_010_ATaskThatNoExecutorMayRunGetsAnotherExecutor) {
  for (int i = 0; i < 5; ++i) c.tick(seconds{1});
  EXPECT_FALSE(c.job_end(0).has_value());
  EXPECT_EQ(wanted(), 2U) << "the two slots of one executor would do for two tasks";
  c.add_executor(2, 11, 2);
  EXPECT_EQ(c.tasks.size(), 2U);
  c.tick(seconds{1});
  c.tick(seconds{1});
  EXPECT_EQ(wanted(), 1U) << "the tasks have their slots again";
  c.finish_all();
  c.expect_job_succeeded(0, 2);
  EXPECT_TRUE(c.driver.idle());
}

TEST_F(AllocationExclusion, WithoutOneInTimeTheJobEndsInSparksWords) {
  c.tick(seconds{1});
  c.tick(seconds{119});
  EXPECT_FALSE(c.job_end(0).has_value());
  c.tick(seconds{2});
  ASSERT_TRUE(c.job_end(0).has_value());
  EXPECT_NE(c.job_end(0)->error.find("cannot run anywhere due to node and executor "
                                     "excludeOnFailure"),
            std::string::npos)
      << c.job_end(0)->error;
  c.finish_all();
  EXPECT_TRUE(c.driver.idle());
}

}  // namespace
}  // namespace volley::driver::testing
