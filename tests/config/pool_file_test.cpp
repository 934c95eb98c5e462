#include "config/pool_file.hpp"

#include "config/configuration.hpp"

#include <gtest/gtest.h>

namespace volley::config {
namespace {

TEST(PoolFile, ReadsPoolsAndPoolsInPools) {
  const auto pools = parse_pools(
      "<?xml version=\"1.0\"?>\n<!-- ours -->\n<allocations><pool name=\"a\">"
      "<schedulingMode>FAIR</schedulingMode><weight>2</weight><minShare>3</minShare>"
      "<pool name=\"b\"/></pool></allocations>",
      "pools.xml");
  ASSERT_TRUE(pools) << pools.error();
  ASSERT_EQ(pools.value().size(), 2U);
  EXPECT_EQ(pools.value()[0].name, "a");
  EXPECT_TRUE(pools.value()[0].fair);
  EXPECT_EQ(pools.value()[0].weight, 2U);
  EXPECT_EQ(pools.value()[0].min_share, 3U);
  EXPECT_EQ(pools.value()[1].parent, "a");
  EXPECT_FALSE(pools.value()[1].fair);
  EXPECT_EQ(pools.value()[1].weight, 1U);
}

TEST(PoolFile, SaysWhatIsWrong) {
  const auto error = [](const std::string& text) { return parse_pools(text, "pools.xml").error(); };
  EXPECT_NE(error("<allocations><pool>").find("pools.xml:1: "), std::string::npos);
  EXPECT_EQ(error("<x/>"), "pools.xml: there is no <allocations>");
  EXPECT_EQ(error("<allocations><pool/></allocations>"), "pools.xml: a pool has no name");
  EXPECT_EQ(error("<allocations><pool name=\"a\"><weight>-1</weight></pool></allocations>"),
            "pools.xml: pool a: weight '-1' is not a whole number");
  EXPECT_EQ(
      error(
          "<allocations><pool name=\"a\"><schedulingMode>x</schedulingMode></pool></allocations>"),
      "pools.xml: pool a: schedulingMode 'x' is not FIFO or FAIR");
}

std::string only_error(const std::string& key, const std::string& value) {
  Configuration configuration;
  configuration.set(Layer::command_line, key, value, "--conf");
  configuration.set(Layer::command_line, "spark.excludeOnFailure.enabled", "true", "--conf");
  const Validation result = configuration.validate();
  return result.errors.size() == 1 ? result.errors.front() : "";
}

TEST(PoolFile, POOL_008_AFileThatIsNotThereIsRefusedAtTheStart) {
  EXPECT_EQ(only_error("spark.scheduler.allocation.file", "/nowhere/pools.xml"),
            "volley.scheduler.allocation.file: cannot read '/nowhere/pools.xml': No such file or "
            "directory");
}

TEST(SchedulingOptions, ANodeMustNotUseUpAllAttempts) {
  EXPECT_NE(only_error("spark.task.maxFailures", "2")
                .find("volley.excludeOnFailure.task.maxTaskAttemptsPerNode ( = 2) was >= "
                      "volley.task.maxFailures ( = 2 )"),
            std::string::npos);
}

TEST(SchedulingOptions, HB_003_ATimeOutNotLongerThanTheHeartbeatIsRefused) {
  EXPECT_EQ(
      only_error("spark.network.timeout", "10s"),
      "volley.network.timeout=10s must be greater than volley.executor.heartbeatInterval=10s");
}

}  // namespace
}  // namespace volley::config
