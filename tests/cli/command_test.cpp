#include "cli/command.hpp"

#include "cli/help.hpp"
#include "cli/run_options.hpp"
#include "config/option_table.hpp"

#include <gmock/gmock.h>

namespace volley::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A process that records what the command does to it.
struct Recorder {
  std::string out;
  std::string err;
  std::vector<std::string> executed;
  std::string request;
  std::string module;

  int run(const std::vector<std::string>& arguments, config::Environment environment = {}) {
    Process process;
    process.environment = std::move(environment);
    process.self = "/bin/volley";
    process.run_module = [this](const launch::RunRequest& given) {
      module = given.application;
      return 7;
    };
    process.execute = [this](const std::vector<std::string>& command,
                             const config::Environment& variables) {
      executed = command;
      request = variables.get(launch::request_variable);
      return ENOEXEC;
    };
    process.print = [this](const std::string& text) { out += text; };
    process.complain = [this](const std::string& text) { err += text; };
    return volley_command(arguments, process);
  }
};

TEST(Command, HelpAndVersion) {
  Recorder all;
  EXPECT_EQ(all.run({"help"}), 0);
  EXPECT_EQ(all.out, help_text(""));
  Recorder run;
  EXPECT_EQ(run.run({"run", "--help"}), 0);
  EXPECT_EQ(run.out, help_text("run"));
  Recorder version;
  EXPECT_EQ(version.run({"--version"}), 0);
  EXPECT_THAT(version.out, StartsWith("volley 0."));
  EXPECT_EQ(all.err + run.err + version.err, "");
}

TEST(Command, EveryCommandHasHelpAndEveryOptionIsInIt) {
  for (const char* name : command_names) EXPECT_NE(help_text(name), "") << name;
  for (const RunOption& option : run_options()) {
    EXPECT_THAT(help_text("run"), HasSubstr(std::string(option.name)));
    if (!option.key.empty()) {
      EXPECT_NE(config::find_option(option.key), nullptr) << option.name;
    }
  }
}

TEST(Command, MistakesExitWithTwo) {
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } cases[] = {
      {{}, "volley: error: no command given ('volley help' lists them)\n"},
      {{"rnu"},
       "volley: error: unknown command 'rnu'; did you mean 'run'? ('volley help' lists them)\n"},
      {{"help", "zzzzz"}, "volley: error: unknown command 'zzzzz' ('volley help' lists them)\n"},
      {{"config", "--html"},
       "volley: error: volley config: unexpected '--html' (only --markdown)\n"},
      {{"run", "/no/such/app"}, "volley: error: APP /no/such/app: No such file or directory\n"},
      {{"run", "/"}, "volley: error: APP /: is a directory, not an application\n"},
      {{"run", "/etc/passwd"}, "volley: error: APP /etc/passwd: is not executable (chmod +x)\n"},
      {{"run", "--master", "mars", "/bin/true"},
       ""},  // said by the launcher, on the real standard error
  };
  for (const auto& [arguments, message] : cases) {
    Recorder process;
    EXPECT_EQ(process.run(arguments), 2) << message;
    EXPECT_EQ(process.err, message);
    EXPECT_EQ(process.out, "");
  }
}

TEST(Command, ConfigPrintsTheTable) {
  Recorder process;
  EXPECT_EQ(process.run({"config", "--markdown"}), 0);
  EXPECT_EQ(process.out, config::options_as_markdown());
}

TEST(Command, ARankBecomesTheApplicationWithTheRequestInItsEnvironment) {
  Recorder process;
  const config::Environment rank{{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "2"}};
  EXPECT_EQ(process.run({"run", "--executor-cores", "2", "/bin/true", "a b", "c"}, rank), 2);
  EXPECT_THAT(process.executed, ElementsAre("/bin/true", "a b", "c"));
  const auto request = launch::decode_request(process.request);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request.value().application, "/bin/true");
  EXPECT_THAT(request.value().arguments, ElementsAre("a b", "c"));
  EXPECT_EQ(request.value().configuration.integer("volley.executor.cores"), 2);
  EXPECT_THAT(process.err, HasSubstr("cannot run /bin/true: Exec format error"));
}

TEST(Command, ARankOfAModuleLoadsIt) {
  launch::RunRequest request{"/x/app.so", {"a"}, {}, false};
  Recorder process;
  const config::Environment rank{{"PMIX_RANK", "0"},
                                 {launch::request_variable, launch::encode_request(request)}};
  EXPECT_EQ(process.run({"rank"}, rank), 7);
  EXPECT_EQ(process.module, "/x/app.so");
}

TEST(Command, OneRankSpeaksForAll) {
  const config::Environment third{{"OMPI_COMM_WORLD_SIZE", "4"},
                                  {"OMPI_COMM_WORLD_RANK", "2"},
                                  {"OMPI_COMM_WORLD_LOCAL_RANK", "0"}};
  // A rank that fails silently could end the job before the speaking one has spoken.
  Recorder same_everywhere;
  EXPECT_EQ(same_everywhere.run({"run", "--num-executors", "0", "/bin/true"}, third), 0);
  EXPECT_EQ(same_everywhere.err, "");
  Recorder of_this_node;
  EXPECT_EQ(of_this_node.run({"run", "/no/such/app"}, third), 2);
  EXPECT_THAT(of_this_node.err, HasSubstr("/no/such/app"));
}

TEST(Command, VerboseNamesSources) {
  Recorder process;
  const config::Environment rank{{"PMIX_RANK", "0"}};
  process.run({"run", "-v", "--executor-memory", "2g", "/bin/true"}, rank);
  EXPECT_THAT(process.err, HasSubstr("volley: volley.executor.memory=2g (--executor-memory)\n"));
  EXPECT_THAT(process.err, HasSubstr("volley: volley.task.maxFailures=4 (default)\n"));
}

}  // namespace
}  // namespace volley::cli
