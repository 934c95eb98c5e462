#include "launch/start_decision.hpp"

#include "launch/launcher.hpp"
#include "launch/mpirun_command.hpp"
#include "net/survival_flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

namespace volley::launch {
namespace {

using config::Environment;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Master, Parses) {
  const struct {
    const char* text;
    MasterKind kind;
    std::uint32_t ranks;
    std::uint32_t max_failures;
  } cases[] = {
      {"", MasterKind::automatic, 0, 0},       {"yarn", MasterKind::automatic, 0, 0},
      {"local", MasterKind::local, 1, 0},      {"local[*]", MasterKind::local, 0, 0},
      {"local[4]", MasterKind::local, 4, 0},   {"local[4,2]", MasterKind::local, 4, 2},
      {"local[*,3]", MasterKind::local, 0, 3}, {"slurm", MasterKind::slurm, 0, 0},
      {"mpi", MasterKind::mpi, 0, 0},
  };
  for (const auto& [text, kind, ranks, max_failures] : cases) {
    const auto master = parse_master(text);
    ASSERT_TRUE(master.ok()) << text;
    EXPECT_EQ(master.value().kind, kind) << text;
    EXPECT_EQ(master.value().ranks, ranks) << text;
    EXPECT_EQ(master.value().max_failures, max_failures) << text;
  }
  for (const char* text : {"local[]", "local[0]", "local[-1]", "local[x]", "local[1", "local[2,]",
                           "local[5000]", "LOCAL", "spark://host:7077"}) {
    EXPECT_THAT(parse_master(text).error(), HasSubstr(text));
  }
}

/// "rank", "local N", "allocation" or the error.
std::string decision(std::string_view master, const Environment& environment) {
  const auto start = decide_start(parse_master(master).value(), environment, 6);
  if (!start) return start.error();
  const auto* job = std::get_if<StartJob>(&start.value());
  if (job == nullptr) return "rank";
  return job->in_allocation ? "allocation" : "local " + std::to_string(job->ranks);
}

const Environment batch{{"SLURM_JOB_ID", "7"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}};
const Environment salloc_shell{
    {"SLURM_JOB_ID", "7"}, {"SLURM_STEP_ID", "4294967290"}, {"SLURM_PROCID", "0"}};
const Environment one_task_step{{"SLURM_JOB_ID", "7"},
                                {"SLURM_STEP_ID", "0"},
                                {"SLURM_PROCID", "0"},
                                {"SLURM_STEP_NUM_TASKS", "1"}};
const Environment step_without_mpi{{"SLURM_JOB_ID", "7"},
                                   {"SLURM_STEP_ID", "0"},
                                   {"SLURM_PROCID", "3"},
                                   {"SLURM_LOCALID", "1"},
                                   {"SLURM_STEP_NUM_TASKS", "4"}};
const Environment mpi_step{{"SLURM_JOB_ID", "7"},
                           {"SLURM_STEP_ID", "0"},
                           {"SLURM_PROCID", "3"},
                           {"SLURM_STEP_NUM_TASKS", "4"},
                           {"PMIX_RANK", "3"}};
/// Under mpirun in a batch script ranks inherit the script's SLURM_PROCID.
const Environment mpirun_in_batch{{"SLURM_JOB_ID", "7"},
                                  {"SLURM_PROCID", "0"},
                                  {"OMPI_COMM_WORLD_SIZE", "4"},
                                  {"OMPI_COMM_WORLD_RANK", "2"},
                                  {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}};

TEST(Start, FollowsTheEnvironment) {
  const struct {
    const char* master;
    Environment environment;
    const char* expected;
  } cases[] = {
      {"", {}, "local 6"},
      {"local[2]", {}, "local 2"},
      {"local[*]", {}, "local 6"},
      {"", batch, "allocation"},
      {"slurm", batch, "allocation"},
      {"local[2]", batch, "local 2"},
      {"", salloc_shell, "allocation"},
      {"", one_task_step, "local 6"},
      {"", mpi_step, "rank"},
      {"mpi", mpi_step, "rank"},
      {"local[2]", mpirun_in_batch, "rank"},
      {"", {{"PMI_RANK", "0"}}, "rank"},
  };
  for (const auto& [master, environment, expected] : cases) {
    EXPECT_EQ(decision(master, environment), expected) << master;
  }
}

TEST(Start, MistakesNameTheFix) {
  const struct {
    const char* master;
    Environment environment;
    const char* fix;
  } cases[] = {
      {"mpi", {}, "mpirun -n 4 volley run"},     {"mpi", batch, "mpirun -n 4 volley run"},
      {"slurm", {}, "use sbatch or salloc"},     {"slurm", one_task_step, "from the batch script"},
      {"", step_without_mpi, "srun --mpi=pmix"}, {"local[2]", step_without_mpi, "srun --mpi=pmix"},
  };
  for (const auto& [master, environment, fix] : cases) {
    EXPECT_THAT(decision(master, environment), HasSubstr(fix)) << master;
  }
}

TEST(Start, TracesTellWhoSpeaks) {
  EXPECT_EQ(traces_of(mpirun_in_batch).rank, 2U);
  EXPECT_EQ(traces_of(mpirun_in_batch).local_rank, 1U);
  EXPECT_EQ(traces_of(mpi_step).rank, 3U);
  EXPECT_EQ(traces_of(step_without_mpi).rank, 3U);
  EXPECT_EQ(traces_of(step_without_mpi).local_rank, 1U);
  EXPECT_EQ(traces_of(batch).rank, 0U);
  EXPECT_EQ(traces_of({}).rank, 0U);
}

TEST(Start, LocalMastersMakeOneSlotPerRankUnlessTold) {
  const auto slots = [](const Start& start, const char* told) {
    config::Configuration configuration;
    if (*told != 0) {
      configuration.set(config::Layer::defaults_file, "volley.rank.slots", told, "file");
    }
    apply_master({MasterKind::local, 2, 0}, start, configuration);
    return configuration.integer("volley.rank.slots");
  };
  EXPECT_EQ(slots(StartJob{false, 2}, ""), 1);
  EXPECT_EQ(slots(StartJob{false, 2}, "3"), 3);
  EXPECT_EQ(slots(StartJob{true, 0}, ""), 0);
  EXPECT_EQ(slots(BecomeRank{}, ""), 0);

  config::Configuration configuration;
  apply_master({MasterKind::local, 2, 1}, StartJob{false, 2}, configuration);
  EXPECT_EQ(configuration.integer("volley.task.maxFailures"), 1);
}

std::string command(const StartJob& job, const Environment& environment, bool root,
                    const std::vector<std::string>& program) {
  std::string line;
  for (const std::string& word : mpirun_command(job, environment, root, program)) {
    line += (line.empty() ? "" : " ") + word;
  }
  return line;
}

TEST(MpirunCommand, FollowsTheJob) {
  const std::string survive = fmt::format(" {}", fmt::join(net::survival_flags(), " "));
  const std::string common = "mpirun --bind-to none --mca mpi_yield_when_idle 1" + survive;
  const StartJob local{false, 3};
  EXPECT_EQ(command(local, {}, false, {"/app", "x"}), common + " --oversubscribe -n 3 /app x");
  EXPECT_EQ(command(local, {}, true, {"/app"}),
            "mpirun --allow-run-as-root --bind-to none --mca mpi_yield_when_idle 1" + survive +
                " --oversubscribe -n 3 /app");
  EXPECT_EQ(command(local, batch, false, {"/app"}),
            common + " --oversubscribe -n 3 --mca ras ^slurm --mca plm ^slurm /app");
  EXPECT_EQ(command(StartJob{true, 0}, batch, false, {"/app"}),
            common + " --mca plm_slurm_args --no-kill /app");
}

TEST(MpirunCommand, PassesVariablesAndExtraFlags) {
  const Environment environment{{"VOLLEY_VERDICT", "/v"},
                                {"VOLLEY_RUN_REQUEST", "ab"},
                                {"VOLLEY_MPIRUN_FLAGS", " --tag-output  --mca btl self,tcp"},
                                {"HOME", "/h"}};
  EXPECT_THAT(command(StartJob{false, 1}, environment, false, {"/app"}),
              testing::EndsWith(" -x VOLLEY_RUN_REQUEST -x VOLLEY_VERDICT --tag-output --mca btl "
                                "self,tcp /app"));
}

TEST(MpirunCommand, KeepsArgumentsThatMpirunWouldTakeForItself) {
  EXPECT_EQ(mpirun_command(StartJob{true, 0}, {}, false, {"/app", "a", ":", "b"}).back(), "a");
}

TEST(MpirunCommand, FindsExecutablesInPath) {
  EXPECT_EQ(find_executable("sh", {{"PATH", "/no/such:/bin"}}), "/bin/sh");
  EXPECT_EQ(find_executable("sh", {{"PATH", "/etc"}}), "");
}

TEST(Launcher, VerdictGoesWhereRankZeroSeesIt) {
  EXPECT_EQ(verdict_parent({false, 2}, {}, "/s"), "/s");
  EXPECT_EQ(verdict_parent({true, 0}, {{"SLURMD_NODENAME", "n1"}}, "/s"), "/s");
  EXPECT_EQ(verdict_parent({true, 0}, {}, "/s"), ".");
}

}  // namespace
}  // namespace volley::launch
