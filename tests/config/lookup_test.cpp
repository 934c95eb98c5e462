// Small pure functions of the configuration: suggestions, keys, directories and candidates.
#include "config/defaults_file.hpp"
#include "config/environment.hpp"
#include "config/spark_keys.hpp"
#include "config/suggestion.hpp"

#include <gmock/gmock.h>

namespace volley::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Suggestion, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("Cores", "cores"), 0U);
  EXPECT_EQ(edit_distance("croes", "cores"), 1U);
}

TEST(Suggestion, OffersOnlyWhatMayBeMeant) {
  const std::string_view known[] = {"--num-executors", "--name"};
  EXPECT_EQ(nearest("--num-executor", known), "--num-executors");
  EXPECT_EQ(nearest("--nmae", known), "--name");
  EXPECT_EQ(nearest("--zzzzzz", known), "");
  EXPECT_EQ(did_you_mean("--nam", known), "; did you mean '--name'?");
  EXPECT_EQ(did_you_mean("x", {}), "");
}

TEST(SparkKeys, ResolveByKind) {
  const struct {
    const char* given;
    KeyKind kind;
    const char* key;
  } cases[] = {
      {"volley.executor.cores", KeyKind::option, "volley.executor.cores"},
      {"spark.executor.cores", KeyKind::option, "volley.executor.cores"},
      {"spark.yarn.dist.files", KeyKind::option, "volley.files"},
      {"volley.executor.core", KeyKind::unknown, "volley.executor.core"},
      {"spark.executor.extraJavaOptions", KeyKind::spark_ignored,
       "spark.executor.extraJavaOptions"},
      {"sparkle", KeyKind::foreign, "sparkle"},
      {"", KeyKind::foreign, ""},
  };
  for (const auto& [given, kind, key] : cases) {
    EXPECT_EQ(resolve_key(given).kind, kind) << given;
    EXPECT_EQ(resolve_key(given).key, key) << given;
  }
}

TEST(Scratch, FollowsTheOrder) {
  EXPECT_EQ(scratch_directory("/x", {{"TMPDIR", "/t"}}), "/x");
  EXPECT_EQ(scratch_directory("", {{"TMPDIR", "/t"}, {"SLURM_TMPDIR", "/s"}}), "/s");
  EXPECT_EQ(scratch_directory("", {{"TMPDIR", "/t"}, {"SLURM_TMPDIR", ""}}), "/t");
  EXPECT_EQ(scratch_directory("", {}), "/tmp");
}

TEST(Environment, FindsNamesByPrefix) {
  const Environment environment{{"VOLLEY_B", "2"}, {"VOLLEY", "0"}, {"VOLLEY_A", "1"}, {"Z", "3"}};
  EXPECT_THAT(environment.names_with("VOLLEY_"), ElementsAre("VOLLEY_A", "VOLLEY_B"));
  EXPECT_THAT(environment.lines(), ElementsAre("VOLLEY=0", "VOLLEY_A=1", "VOLLEY_B=2", "Z=3"));
}

TEST(DefaultsFile, CandidatesInOrder) {
  EXPECT_THAT(defaults_candidates({{"VOLLEY_CONF_DIR", "/c"}}, "/p"),
              ElementsAre("/c/volley-defaults.conf"));
  EXPECT_THAT(defaults_candidates({}, "/p"),
              ElementsAre("/p/conf/volley-defaults.conf", "conf/volley-defaults.conf"));
  EXPECT_THAT(defaults_candidates({}, ""), ElementsAre("conf/volley-defaults.conf"));
}

TEST(DefaultsFile, FirstExistingOneCounts) {
  const auto read = [](const std::string& path) -> base::Result<std::string> {
    return path == "b" ? base::Result<std::string>("volley.executor.cores 2")
                       : base::Result<std::string>(base::Failure{path + ": no"});
  };
  Configuration configuration;
  const auto not_a = [](const std::string& path) { return path != "a"; };
  ASSERT_TRUE(add_defaults(configuration, {"a", "b", "c"}, not_a, read).ok());
  EXPECT_EQ(configuration.integer("volley.executor.cores"), 2);
  EXPECT_EQ(configuration.entries().front().origin, "b:1");

  const auto all = [](const std::string&) { return true; };
  EXPECT_EQ(add_defaults(configuration, {"a", "b"}, all, read).error(), "a: no");
  const auto none = [](const std::string&) { return false; };
  EXPECT_TRUE(add_defaults(configuration, {"a", "b"}, none, read).ok());
}

TEST(ReadFile, SaysWhatIsWrong) {
  EXPECT_THAT(read_file("/no/such/file").error(), HasSubstr("/no/such/file: No such file"));
  EXPECT_THAT(read_file("/").error(), HasSubstr("is a directory"));
}

}  // namespace
}  // namespace volley::config
