#include "cli/parse_run.hpp"

#include <gmock/gmock.h>

#include <map>

namespace volley::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

/// A file system of a few files; "app" and "app.so" can run, "plain" cannot.
Files files_with(std::map<std::string, std::string> contents = {}) {
  Files files;
  files.read = [contents](const std::string& path) -> base::Result<std::string> {
    const auto found = contents.find(path);
    if (found == contents.end()) return base::Failure{path + ": No such file or directory"};
    return found->second;
  };
  files.exists = [contents](const std::string& path) { return contents.contains(path); };
  files.application_problem = [](const std::string& path) -> std::string {
    if (path == "app" || path == "app.so" || path == "dir/app") return "";
    return path == "plain" ? "is not executable (chmod +x)" : "No such file or directory";
  };
  files.prefix = "/prefix";
  return files;
}

RunParse parse(const Words& words, std::map<std::string, std::string> contents = {}) {
  return parse_run(words, {}, files_with(std::move(contents)));
}

RunParsed parsed(const Words& words, std::map<std::string, std::string> contents = {}) {
  const auto result = parse(words, std::move(contents));
  if (const auto* error = std::get_if<UsageError>(&result)) {
    ADD_FAILURE() << error->message;
    return {};
  }
  return std::get<RunParsed>(result);
}

TEST(ParseRun, OptionsSetTheirKeys) {
  const struct {
    Words words;
    const char* key;
    const char* value;
    const char* origin;
  } cases[] = {
      {{"--name", "x y"}, "volley.app.name", "x y", "--name"},
      {{"--name=x=y"}, "volley.app.name", "x=y", "--name"},
      {{"--num-executors", "3"}, "volley.executor.instances", "3", "--num-executors"},
      {{"--executor-cores=2"}, "volley.executor.cores", "2", "--executor-cores"},
      {{"--executor-memory", "2g"}, "volley.executor.memory", "2g", "--executor-memory"},
      {{"--driver-memory", "100m"}, "volley.driver.memory", "100m", "--driver-memory"},
      {{"--driver-cores", "1"}, "volley.driver.cores", "1", "--driver-cores"},
      {{"--deploy-mode", "client"}, "volley.submit.deployMode", "client", "--deploy-mode"},
      {{"--files", "a,b"}, "volley.files", "a,b", "--files"},
      {{"--master", "local[3]"}, "volley.master", "local[3]", "--master"},
      {{"--isolation", "none"}, "volley.isolation", "none", "--isolation"},
      {{"--conf", "volley.locality.wait=1s"}, "volley.locality.wait", "1s", "--conf"},
      {{"-c", "spark.locality.wait=1s"}, "volley.locality.wait", "1s", "-c"},
      {{"--conf=volley.app.name=a=b"}, "volley.app.name", "a=b", "--conf"},
  };
  for (const auto& [words, key, value, origin] : cases) {
    Words all = words;
    all.insert(all.end(), {"app", "in"});
    const RunParsed result = parsed(all);
    EXPECT_EQ(result.request.configuration.text(key), value) << words[0];
    EXPECT_EQ(result.request.configuration.entries().front().origin, origin);
    EXPECT_EQ(result.request.application, "app");
    EXPECT_THAT(result.request.arguments, ElementsAre("in"));
    EXPECT_THAT(result.notes, IsEmpty());
  }
}

TEST(ParseRun, EverythingAfterTheApplicationIsItsOwn) {
  const RunParsed result = parsed({"-v", "app", "--name", "n", "--help", "-v", "", "--"});
  EXPECT_THAT(result.request.arguments, ElementsAre("--name", "n", "--help", "-v", "", "--"));
  EXPECT_EQ(result.request.configuration.text("volley.app.name"), "app");
  EXPECT_TRUE(result.request.verbose);
  EXPECT_THAT(parsed({"--", "app", "x"}).request.arguments, ElementsAre("x"));
}

TEST(ParseRun, NamesTheApplicationAfterItsFile) {
  EXPECT_EQ(parsed({"dir/app"}).request.configuration.text("volley.app.name"), "app");
  EXPECT_TRUE(parsed({"app.so"}).request.is_module());
  EXPECT_FALSE(parsed({"app"}).request.is_module());
}

TEST(ParseRun, CommandLineBeatsPropertiesFileBeatsDefaults) {
  const std::map<std::string, std::string> contents{
      {"p.conf", "volley.executor.cores 2\nvolley.executor.memory 2g\n"},
      {"/prefix/conf/volley-defaults.conf",
       "volley.executor.cores 3\nvolley.executor.memory 3g\nvolley.task.maxFailures 3\n"}};
  const RunParsed result =
      parsed({"--executor-cores", "1", "--properties-file", "p.conf", "app"}, contents);
  const auto& configuration = result.request.configuration;
  EXPECT_EQ(configuration.integer("volley.executor.cores"), 1);
  EXPECT_EQ(configuration.text("volley.executor.memory"), "2g");
  EXPECT_EQ(configuration.integer("volley.task.maxFailures"), 3);
}

TEST(ParseRun, ConfDirReplacesTheOtherDefaults) {
  const auto result = parse_run({"app"}, {{"VOLLEY_CONF_DIR", "/c"}},
                                files_with({{"/c/volley-defaults.conf", "volley.driver.cores 2"},
                                            {"conf/volley-defaults.conf", "broken"}}));
  ASSERT_TRUE(std::holds_alternative<RunParsed>(result));
  EXPECT_EQ(std::get<RunParsed>(result).request.configuration.integer("volley.driver.cores"), 2);
}

TEST(ParseRun, MistakesAreOneMessage) {
  const struct {
    Words words;
    const char* message;
  } cases[] = {
      {{}, "Missing application: volley run [options] APP [arguments]"},
      {{"--name", "x"}, "Missing application: volley run [options] APP [arguments]"},
      {{"--num-executor", "2", "app"},
       "Unrecognized option '--num-executor'; did you mean '--num-executors'? ('volley help run' "
       "lists them)"},
      {{"--qqqqqqq=3", "app"}, "Unrecognized option '--qqqqqqq' ('volley help run' lists them)"},
      {{"-x", "app"}, "Unrecognized option '-x' ('volley help run' lists them)"},
      {{"--name"}, "--name needs a value: --name NAME"},
      {{"--verbose=1", "app"}, "--verbose takes no value"},
      {{"--conf", "abc", "app"}, "--conf 'abc' is not KEY=VALUE"},
      {{"-c", "=1", "app"}, "-c '=1' is not KEY=VALUE"},
      {{"--num-executors", "0", "app"},
       "Number of executors must be a positive number (--num-executors 0)"},
      {{"--num-executors=-2", "app"},
       "Number of executors must be a positive number (--num-executors -2)"},
      {{"--executor-cores", "0", "app"},
       "Executor cores must be a positive number (--executor-cores 0)"},
      {{"--executor-memory", "0g", "app"},
       "Executor memory must be a positive number (--executor-memory 0g)"},
      {{"--driver-memory", "x", "app"},
       "Driver memory must be a positive number (--driver-memory x)"},
      {{"--driver-cores", "0", "app"}, "Driver cores must be a positive number (--driver-cores 0)"},
      {{"--num-executors", "2x", "app"},
       "--num-executors: volley.executor.instances: '2x' is not a whole number"},
      {{"nothing"}, "APP nothing: No such file or directory"},
      {{"plain", "x"}, "APP plain: is not executable (chmod +x)"},
      {{"--properties-file", "p", "app"}, "--properties-file p: No such file or directory"},
      {{"-c", "volley.task.maxFailure=3", "app"},
       "-c: unknown option 'volley.task.maxFailure'; did you mean 'volley.task.maxFailures'?"},
  };
  for (const auto& [words, message] : cases) {
    const auto result = parse(words);
    ASSERT_TRUE(std::holds_alternative<UsageError>(result)) << message;
    EXPECT_EQ(std::get<UsageError>(result).message, message);
  }
}

TEST(ParseRun, ReportsAllBadSettingsTogether) {
  const auto result = parse({"-c", "volley.executor.cores=x", "--properties-file", "p", "app"},
                            {{"p", "volley.isolation jail\nlonely\n"}});
  ASSERT_TRUE(std::holds_alternative<UsageError>(result));
  EXPECT_EQ(std::get<UsageError>(result).message,
            "p:2: 'lonely' has no value (write 'key value' or 'key=value')\n"
            "-c: volley.executor.cores: 'x' is not a whole number\n"
            "p:1: volley.isolation: 'jail' is not one of process, none");
}

TEST(ParseRun, OnlyWhatANodeSeesDependsOnTheNode) {
  const auto node_dependent = [](const Words& words) {
    const auto result = parse(words);
    return std::get<UsageError>(result).node_dependent;
  };
  EXPECT_TRUE(node_dependent({"nothing"}));
  EXPECT_TRUE(node_dependent({"--properties-file", "p", "app"}));
  EXPECT_FALSE(node_dependent({"--num-executors", "0", "app"}));
}

TEST(ParseRun, PortedScriptsGetNoticesNotErrors) {
  const RunParsed result = parsed({"--class", "Main", "--queue=q", "-c", "spark.serializer=x", "-c",
                                   "other.key=1", "--master", "yarn", "app"});
  EXPECT_THAT(result.notes,
              ElementsAre("ignoring spark-submit options without a meaning here: --class, --queue",
                          "-c: ignoring 'other.key', which is not a Volley property",
                          "ignoring Spark options without a meaning here: spark.serializer"));
}

TEST(ParseRun, HelpAndVersionEndTheParse) {
  EXPECT_TRUE(std::holds_alternative<HelpAsked>(parse({"--help"})));
  EXPECT_TRUE(std::holds_alternative<HelpAsked>(parse({"--name", "x", "-h", "--nonsense"})));
  EXPECT_TRUE(std::holds_alternative<VersionAsked>(parse({"--version"})));
}

}  // namespace
}  // namespace volley::cli
