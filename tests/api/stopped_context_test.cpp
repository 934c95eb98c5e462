// What a program can do with a context that is stopped: nothing, and it is told why.

#include "tests/api/single_stage.hpp"

#include <gtest/gtest.h>

namespace volley::test {
namespace {

template <class Action>
std::string refusal(Action&& action) {
  try {
    action();
  } catch (const IllegalState& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(StoppedContext, RDD_091_ActionsOfRddsThatOutliveItAreRefused) {
  SingleStage stage;
  const auto numbers = stage.context().range(0, 10, 1, 2);
  EXPECT_EQ(numbers.count(), 10);
  EXPECT_FALSE(stage.context().is_stopped());
  stage.context().stop();
  EXPECT_TRUE(stage.context().is_stopped());
  const std::string text = refusal([&] { numbers.count(); });
  EXPECT_TRUE(holds(text, "shutdown")) << text;
  EXPECT_EQ(numbers.map([](std::int64_t x) { return x + 1; }).num_partitions(), 2U);
}

TEST(StoppedContext, RDD_092_ItMakesNoRddsAndSaysWhereItWasMadeAndStopped) {
  SingleStage stage;
  Context& context = stage.context();
  context.stop();
  const int line = __LINE__ - 1;
  context.stop();
  const std::string where = "stopped_context_test.cpp:" + std::to_string(line);
  for (const std::string& text :
       {refusal([&] {
          context.parallelize({1, 2, 3});
        }),
        refusal([&] { context.range(0, 5); }), refusal([&] { context.text_file("/etc/hosts"); }),
        refusal([&] { context.empty_rdd<int>(); })}) {
    EXPECT_TRUE(holds(text, "Cannot call methods on a stopped Context")) << text;
    EXPECT_TRUE(holds(text, context.application_id())) << text;
    EXPECT_TRUE(holds(text, where)) << text;
  }
}

}  // namespace
}  // namespace volley::test
