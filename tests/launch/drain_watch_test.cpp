#include "launch/drain_watch.hpp"

#include <gtest/gtest.h>

namespace volley::launch {
namespace {

using std::chrono::seconds;

DrainWatch watch(const std::string& before_end, const std::string& end) {
  config::Configuration configuration;
  configuration.set(config::Layer::command_line, "volley.drain.beforeEnd", before_end, "test");
  configuration.set(config::Layer::command_line, "volley.drain.timeout", "7s", "test");
  config::Environment environment;
  if (!end.empty()) environment.set("SLURM_JOB_END_TIME", end);
  return {configuration, environment};
}
DrainWatch::SystemTime at(int second) { return DrainWatch::SystemTime(seconds(second)); }

TEST(DrainWatch, ASignalIsSaidOnce) {
  DrainWatch one = watch("0", "1000");
  EXPECT_EQ(one.grace(), seconds(7));
  EXPECT_FALSE(one.why(false, at(5000))) << "nobody wants to know the job's end";
  EXPECT_EQ(one.why(true, at(5000)), "received signal USR1");
  EXPECT_FALSE(one.why(true, at(5001)));
}

TEST(DrainWatch, TheEndOfTheJobIsNear) {
  DrainWatch one = watch("100s", "1000");
  EXPECT_FALSE(one.why(false, at(899)));
  const auto why = one.why(false, at(900));
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("volley.drain.beforeEnd"), std::string::npos);
  EXPECT_FALSE(one.why(false, at(901)));
}

TEST(DrainWatch, NoKnownEnd) {
  for (const char* end : {"", "soon", "-5", "0"}) {
    DrainWatch one = watch("100s", end);
    EXPECT_FALSE(one.why(false, at(2000000000))) << end;
  }
}

}  // namespace
}  // namespace volley::launch
