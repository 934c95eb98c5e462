#include "launch/start_decision.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace volley::launch {
namespace {

using base::Failure;
using base::Result;
using config::Environment;

/// Step ids from here on are Slurm's own: batch script, interactive shell of salloc, extern.
constexpr std::uint32_t first_special_step = 0xfffffff0U;
constexpr std::uint32_t most_ranks = 4096;

std::optional<std::uint32_t> parse_count(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> count_in(const Environment& environment, const std::string& name) {
  const auto text = environment.find(name);
  return text ? parse_count(*text) : std::nullopt;
}

std::uint32_t first_count(const Environment& environment,
                          std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto value = count_in(environment, name)) return *value;
  }
  return 0;
}

Result<Master> parse_local(std::string_view text, std::string_view inner) {
  const Failure bad{fmt::format("master '{}': write local[N] with N from 1 to {}, or local[*]",
                                text, most_ranks)};
  Master master{MasterKind::local, 0, 0};
  const auto comma = inner.find(',');
  if (const std::string_view ranks = inner.substr(0, comma); ranks != "*") {
    const auto count = parse_count(ranks);
    if (!count || *count == 0 || *count > most_ranks) return bad;
    master.ranks = *count;
  }
  if (comma != std::string_view::npos) {
    const auto failures = parse_count(inner.substr(comma + 1));
    if (!failures || *failures == 0) return bad;
    master.max_failures = *failures;
  }
  return master;
}

}  // namespace

Result<Master> parse_master(std::string_view text) {
  if (text.empty() || text == "yarn") return Master{};
  if (text == "slurm") return Master{MasterKind::slurm, 0, 0};
  if (text == "mpi") return Master{MasterKind::mpi, 0, 0};
  if (text == "local") return Master{MasterKind::local, 1, 0};
  if (text.starts_with("local[") && text.ends_with(']')) {
    return parse_local(text, text.substr(6, text.size() - 7));
  }
  return Failure{fmt::format("master '{}' is not one of local[N], local[*], slurm, mpi", text)};
}

LauncherTraces traces_of(const Environment& environment) {
  LauncherTraces traces;
  traces.in_allocation = environment.has("SLURM_JOB_ID");
  const auto step = count_in(environment, "SLURM_STEP_ID");
  traces.in_step = step && *step < first_special_step && environment.has("SLURM_PROCID");
  traces.is_rank = environment.has("OMPI_COMM_WORLD_SIZE") || environment.has("PMIX_RANK") ||
                   environment.has("PMI_RANK");
  traces.step_without_mpi =
      !traces.is_rank && traces.in_step && first_count(environment, {"SLURM_STEP_NUM_TASKS"}) > 1;
  // Under mpirun every rank inherits the batch script's SLURM_PROCID, so MPI's own names come
  // first.
  if (traces.is_rank) {
    traces.rank = first_count(environment, {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"});
    traces.local_rank = first_count(
        environment, {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"});
  } else if (traces.in_step) {
    traces.rank = first_count(environment, {"SLURM_PROCID"});
    traces.local_rank = first_count(environment, {"SLURM_LOCALID"});
  }
  return traces;
}

Result<Start> decide_start(const Master& master, const Environment& environment,
                           std::uint32_t cores) {
  const LauncherTraces traces = traces_of(environment);
  if (traces.is_rank) return Start{BecomeRank{}};
  if (traces.step_without_mpi) {
    return Failure{
        "this is one of several tasks of an srun without MPI support, so the tasks cannot find "
        "each "
        "other; start them with 'srun --mpi=pmix', or run the command once from the batch script"};
  }
  const Start local{StartJob{false, master.ranks != 0 ? master.ranks : std::max(cores, 1U)}};
  switch (master.kind) {
    case MasterKind::local:
      return local;
    case MasterKind::mpi:
      return Failure{
          "master 'mpi': neither mpirun nor srun started this process; start it as 'mpirun -n 4 "
          "volley run ...', or leave the master out to have the job started for you"};
    case MasterKind::slurm:
      if (!traces.in_allocation) {
        return Failure{
            "master 'slurm': this is not inside a Slurm allocation (SLURM_JOB_ID is not set); use "
            "sbatch or salloc, or the master local[*]"};
      }
      if (traces.in_step) {
        return Failure{
            "master 'slurm': this process is a task of an srun, which cannot start another over "
            "the "
            "allocation; run it from the batch script, or with 'srun --mpi=pmix'"};
      }
      return Start{StartJob{true, 0}};
    case MasterKind::automatic:
      break;
  }
  // mpirun inside a one-task step would wait for ever for the CPUs that the step itself holds.
  if (traces.in_allocation && !traces.in_step) return Start{StartJob{true, 0}};
  return local;
}

void apply_master(const Master& master, const Start& start, config::Configuration& configuration) {
  const auto* job = std::get_if<StartJob>(&start);
  if (job != nullptr && !job->in_allocation && !configuration.is_set("volley.rank.slots")) {
    configuration.set(config::Layer::defaults_file, "volley.rank.slots", "1",
                      fmt::format("master local[{}]", job->ranks));
  }
  if (master.max_failures != 0 && !configuration.is_set("volley.task.maxFailures")) {
    configuration.set(config::Layer::defaults_file, "volley.task.maxFailures",
                      std::to_string(master.max_failures), "master local[N,F]");
  }
}

}  // namespace volley::launch
