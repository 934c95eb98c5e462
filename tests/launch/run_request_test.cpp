#include "launch/run_request.hpp"

#include <gmock/gmock.h>

#include <filesystem>

namespace volley::launch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RunRequest example() {
  RunRequest request{"/bin/true", {"a b", "", "ü"}, {}, true};
  request.configuration.set(config::Layer::command_line, "volley.executor.cores", "2", "-c");
  request.configuration.set(config::Layer::properties_file, "spark.x", "y\nz", "f:3");
  return request;
}

TEST(RunRequest, SurvivesTheEnvironment) {
  const std::string text = encode_request(example());
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
  const auto copy = decode_request(text);
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy.value().application, "/bin/true");
  EXPECT_THAT(copy.value().arguments, ElementsAre("a b", "", "ü"));
  EXPECT_TRUE(copy.value().verbose);
  ASSERT_EQ(copy.value().configuration.entries().size(), 2U);
  const config::Entry& entry = copy.value().configuration.entries()[1];
  EXPECT_EQ(entry.layer, config::Layer::properties_file);
  EXPECT_EQ(entry.key + entry.value + entry.origin, "spark.xy\nzf:3");
}

TEST(RunRequest, RefusesDamage) {
  const std::string text = encode_request(example());
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(decode_request(text.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(decode_request(text + "00").ok());
  EXPECT_FALSE(decode_request("zz").ok());
}

TEST(RunRequest, AnExecutableTakesOnlyTheRequestMadeForIt) {
  const config::Environment environment{{request_variable, encode_request(example())},
                                        {"VOLLEY_CONF_DIR", "/no/such"}};
  const auto meant = request_of_executable("/bin/true", {"other"}, environment);
  ASSERT_TRUE(meant.ok());
  EXPECT_THAT(meant.value().arguments, ElementsAre("a b", "", "ü"));
  const auto inherited = request_of_executable("/bin/sh", {"other"}, environment);
  ASSERT_TRUE(inherited.ok());
  EXPECT_THAT(inherited.value().arguments, ElementsAre("other"));
  EXPECT_EQ(inherited.value().application, "/bin/sh");
  EXPECT_EQ(inherited.value().configuration.text("volley.app.name"), "sh");
}

TEST(RunRequest, ADamagedRequestStopsTheExecutable) {
  EXPECT_THAT(request_of_executable("/bin/true", {}, {{request_variable, "q"}}).error(),
              HasSubstr("VOLLEY_RUN_REQUEST is damaged"));
}

}  // namespace
}  // namespace volley::launch
