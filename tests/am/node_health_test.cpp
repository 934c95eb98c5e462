#include "am/node_health.hpp"

#include <gmock/gmock.h>

namespace volley::am {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

base::TimePoint at(int seconds) { return base::TimePoint{std::chrono::seconds{seconds}}; }

TEST(FailureWindow, YARN_011_CountsWhatIsNotTooOld) {
  FailureWindow window(std::chrono::seconds{100});
  window.add(at(0));
  EXPECT_EQ(window.count(at(0)), 1U);
  EXPECT_EQ(window.count(at(101)), 0U);
  window.add(at(101));
  window.add(at(101));
  EXPECT_EQ(window.count(at(101)), 2U);
  window.add(at(151));
  EXPECT_EQ(window.count(at(151)), 3U);
  EXPECT_EQ(window.count(at(202)), 1U);
  EXPECT_EQ(window.count(at(252)), 0U);
}

TEST(FailureWindow, KeepsAllWithoutAnInterval) {
  FailureWindow window;
  window.add(at(0));
  EXPECT_EQ(window.count(at(1000000)), 1U);
}

NodeHealth::Options enabled() {
  NodeHealth::Options options;
  options.enabled = true;
  options.max_failures = 1;
  options.timeout = std::chrono::seconds{60};
  return options;
}

TEST(NodeHealth, YARN_025_ExcludedNodesComeBack) {
  NodeHealth health(enabled());
  health.executor_failed(4, at(0));
  EXPECT_THAT(health.excluded(at(0)), IsEmpty());
  health.executor_failed(4, at(1));
  EXPECT_THAT(health.excluded(at(1)), ElementsAre(4));
  EXPECT_THAT(health.excluded(at(60)), ElementsAre(4));
  EXPECT_THAT(health.excluded(at(61)), IsEmpty());
}

TEST(NodeHealth, YARN_025_TogetherWithWhatTheDriverAvoids) {
  NodeHealth health(enabled());
  for (int i = 0; i < 2; ++i) health.executor_failed(4, at(0));
  health.set_driver_excluded({1, 4});
  EXPECT_THAT(health.excluded(at(0)), ElementsAre(1, 4));
  EXPECT_FALSE(health.all_excluded(3, at(0)));
  EXPECT_TRUE(health.all_excluded(2, at(0)));
  EXPECT_THAT(health.excluded(at(60)), ElementsAre(1, 4)) << "the driver still avoids both";
  health.set_driver_excluded({1});
  EXPECT_THAT(health.excluded(at(60)), ElementsAre(1));
}

TEST(NodeHealth, OffByDefaultButForTheDriversOwn) {
  NodeHealth health({});
  for (int i = 0; i < 9; ++i) health.executor_failed(4, at(0));
  EXPECT_THAT(health.excluded(at(0)), IsEmpty());
}

}  // namespace
}  // namespace volley::am
