// The launcher around a stand-in for mpirun: a shell script.
#include "launch/launcher.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace volley::launch {
namespace {

using testing::HasSubstr;

TEST(Verdict, RoundTripAndAbsence) {
  const std::string path = testing::TempDir() + "verdict";
  std::filesystem::remove(path);
  EXPECT_EQ(read_verdict(path), std::nullopt);
  ASSERT_TRUE(write_verdict(path, 75).ok());
  EXPECT_EQ(read_verdict(path), 75);
  std::filesystem::remove(path);
  EXPECT_THAT(write_verdict("/no/such/dir/verdict", 0).error(), HasSubstr("/no/such/dir/verdict"));
}

TEST(Verdict, RankZeroHidesItsCodeFromMpirunOnlyWithAVerdict) {
  EXPECT_EQ(rank_exit_code(3, true), 0);
  EXPECT_EQ(rank_exit_code(3, false), 3);
  EXPECT_EQ(rank_exit_code(0, false), 0);
}

TEST(Verdict, JudgesTheJob) {
  const auto exited = [](int code) { return code << 8; };
  const struct {
    std::optional<int> verdict;
    int status;
    int stopped_by;
    int exit_code;
    const char* error;
  } cases[] = {
      {0, exited(0), 0, 0, ""},
      {3, exited(0), 0, 3, ""},
      {0, exited(137), 0, 0, ""},
      {75, SIGTERM, SIGTERM, 75, ""},
      {{}, exited(1), 0, 70, "the MPI job ended without a verdict: mpirun exited with 1"},
      {{}, exited(137), 0, 70, "mpirun exited with 137 (signal 9: Killed)"},
      {{}, exited(0), 0, 2, "APP is not built with VOLLEY_APPLICATION"},
      {{}, SIGKILL, 0, 70, "mpirun was ended by signal 9 (Killed)"},
      {{}, exited(1), SIGINT, 130, "stopped by signal 2 (Interrupt)"},
  };
  for (const auto& [verdict, status, stopped_by, exit_code, error] : cases) {
    const JobOutcome outcome = judge_job(verdict, status, stopped_by);
    EXPECT_EQ(outcome.exit_code, exit_code) << error;
    if (*error == 0) {
      EXPECT_EQ(outcome.error, "");
    } else {
      EXPECT_THAT(outcome.error, HasSubstr(error));
    }
  }
}

TEST(Launcher, TerminalSignalsAreNotPassedTwice) {
  EXPECT_TRUE(must_forward(SI_USER));
  EXPECT_TRUE(must_forward(SI_TKILL));
  EXPECT_FALSE(must_forward(SI_KERNEL));
}

/// A job whose mpirun is a script.
class ScriptJob : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "launcherXXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Job job(const std::string& script) const {
    Job job;
    job.command = {"/bin/sh", "-c", script};
    job.verdict_file = directory_ + "/verdict";
    job.environment = {
        {"PATH", "/bin:/usr/bin"}, {"DIRECTORY", directory_}, {"VOLLEY_VERDICT", job.verdict_file}};
    return job;
  }
  std::string file(const std::string& name) const {
    std::ifstream in(directory_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string directory_;
};

TEST_F(ScriptJob, ReturnsTheVerdictNotMpirunsCode) {
  EXPECT_EQ(run_job(job("echo 3 > $VOLLEY_VERDICT; exit 0")).exit_code, 3);
  EXPECT_EQ(run_job(job("echo 0 > $VOLLEY_VERDICT; exit 9")).exit_code, 0);
}

TEST_F(ScriptJob, SaysWhenThereIsNoVerdict) {
  const JobOutcome outcome = run_job(job("exit 5"));
  EXPECT_EQ(outcome.exit_code, 70);
  EXPECT_THAT(outcome.error, HasSubstr("mpirun exited with 5"));
  Job missing = job("");
  missing.command = {"/no/such/mpirun"};
  EXPECT_EQ(run_job(missing).exit_code, 2);
  EXPECT_THAT(run_job(missing).error,
              HasSubstr("cannot start /no/such/mpirun: No such file or directory"));
}

TEST_F(ScriptJob, EndsAnMpirunThatStaysAfterTheVerdict) {
  Job polite = job("echo 4 > $VOLLEY_VERDICT; exec sleep 1000");
  polite.grace = base::Duration{1};
  EXPECT_EQ(run_job(polite).exit_code, 4);
  Job deaf = job("trap '' TERM; echo 5 > $VOLLEY_VERDICT; exec sleep 1000");
  deaf.grace = base::Duration{1};
  EXPECT_EQ(run_job(deaf).exit_code, 5);
}

TEST_F(ScriptJob, PassesSignalsOn) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) {
    std::filesystem::remove(directory_ + "/verdict");
    // The script signals the launcher itself and ends when the signal has come back.
    const std::string number = std::to_string(signal);
    const auto outcome =
        run_job(job("trap 'echo " + number + " > $VOLLEY_VERDICT; exit 0' " + number + "; kill -" +
                    number + " $PPID; while :; do sleep 0.01; done"));
    EXPECT_EQ(outcome.exit_code, signal);
  }
}

TEST_F(ScriptJob, IsStoppedBySignalWhenTheApplicationDoesNotSay) {
  const auto outcome =
      run_job(job("trap 'exit 1' TERM; kill -TERM $PPID; while :; do sleep 0.01; done"));
  EXPECT_EQ(outcome.exit_code, 128 + SIGTERM);
  EXPECT_THAT(outcome.error, HasSubstr("stopped by signal 15 (Terminated)"));
}

TEST_F(ScriptJob, EndsWhatMpirunLeftBehind) {
  // Two orphans, one deaf to SIGTERM, hold the pipe's writing end: its end of file is theirs.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Job leaving = job(
      "sleep 1000 & (trap '' TERM; echo > $DIRECTORY/deaf; exec sleep 1000) & "
      "until [ -e $DIRECTORY/deaf ]; do sleep 0.01; done; echo 3 > $VOLLEY_VERDICT; kill -9 $$");
  leaving.stray_grace = base::Duration{1};
  EXPECT_EQ(run_job(leaving).exit_code, 3);
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // every adopted child is reaped
}

TEST_F(ScriptJob, DiesWithTheLauncher) {
  // A launcher of its own is killed by its mpirun, which must then get SIGTERM. Whoever holds the
  // writing end of the pipe is one of the two: reading its end is waiting for both.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Job killing =
      job("trap 'echo ended > $DIRECTORY/ended; exit 0' TERM; kill -KILL $PPID; "
          "while :; do sleep 0.01; done");
  const pid_t launcher = ::fork();
  if (launcher == 0) ::_exit(run_job(killing).exit_code);
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(launcher, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_EQ(file("ended"), "ended\n");
}

TEST(Launcher, LaunchesWithRequestAndVerdictAndLeavesNothing) {
  std::string name = testing::TempDir() + "launchXXXXXX";
  const std::string directory = ::mkdtemp(name.data());
  // An mpirun that shows how it was called and behaves like an application that ends with 6.
  std::ofstream(directory + "/mpirun")
      << "#!/bin/sh\necho \"$@\" > " << directory << "/called\necho \"$VOLLEY_RUN_REQUEST\" > "
      << directory << "/request\necho 6 > $VOLLEY_VERDICT\nexit 0\n";
  std::filesystem::permissions(directory + "/mpirun", std::filesystem::perms::owner_all);
  std::filesystem::create_directory(directory + "/scratch");

  RunRequest request{"/bin/true", {"x"}, {}, false};
  request.configuration.set(config::Layer::command_line, "volley.master", "local[2]", "--master");
  const config::Environment environment{{"PATH", directory + ":/bin:/usr/bin"},
                                        {"TMPDIR", directory + "/scratch"}};
  EXPECT_EQ(launch_unless_rank(request, environment, {"/bin/true", "x"}), 6);
  EXPECT_TRUE(std::filesystem::is_empty(directory + "/scratch"));

  std::string called;
  std::getline(std::ifstream(directory + "/called"), called);
  EXPECT_THAT(called, HasSubstr("-n 2 -x VOLLEY_RUN_REQUEST"));
  EXPECT_THAT(called, testing::EndsWith("-x VOLLEY_VERDICT /bin/true x"));
  std::string text;
  std::getline(std::ifstream(directory + "/request"), text);
  const auto passed = decode_request(text);
  ASSERT_TRUE(passed.ok());
  EXPECT_EQ(passed.value().configuration.integer("volley.rank.slots"), 1);
  std::filesystem::remove_all(directory);
}

TEST(Launcher, SaysWhenMpirunOrScratchIsMissing) {
  const RunRequest request{"/bin/true", {}, {}, false};
  testing::internal::CaptureStderr();
  EXPECT_EQ(launch_job(request, {false, 1}, {{"PATH", "/no/such"}}, {"/bin/true"}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("apt install openmpi-bin"));
  testing::internal::CaptureStderr();
  const config::Environment no_scratch{{"PATH", "/bin:/usr/bin"}, {"TMPDIR", "/no/such/scratch"}};
  EXPECT_EQ(launch_job(request, {false, 1}, no_scratch, {"/bin/true"}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("set volley.local.dir"));
}

TEST(Launcher, ARankGoesOn) {
  const RunRequest request{"/bin/true", {}, {}, false};
  EXPECT_EQ(launch_unless_rank(request, {{"PMIX_RANK", "0"}}, {"/bin/true"}), std::nullopt);
  EXPECT_GE(usable_cores(), 1U);
}

}  // namespace
}  // namespace volley::launch
