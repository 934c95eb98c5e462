#include "net/launch_mistake.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

namespace volley::net {

namespace {

/// The number in a variable; 0 when it is unset or not a number.
int number(const EnvironmentLookup& environment, const std::string& name) {
  const auto text = environment(name);
  int value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

}  // namespace

std::optional<std::string> launch_mistake(int world_size, const EnvironmentLookup& environment) {
  if (world_size > 1) return std::nullopt;
  if (environment("OMPI_COMM_WORLD_SIZE")) {
    const int said = number(environment, "OMPI_COMM_WORLD_SIZE");
    if (said <= 1) return std::nullopt;
    return fmt::format(
        "mpirun started {} processes, but this one is alone in its MPI world: the program was "
        "built with another MPI library than mpirun belongs to. Start it with the mpirun of the "
        "library it was built with.",
        said);
  }
  if (const int said = number(environment, "PMI_SIZE"); said > 1 && !environment("SLURM_PROCID")) {
    return fmt::format(
        "a launcher of another MPI library (PMI_SIZE={}) started this process, which is alone in "
        "its MPI world. Start it with Open MPI's mpirun.",
        said);
  }
  if (!environment("SLURM_PROCID")) return std::nullopt;
  const bool step = environment("SLURM_STEP_NUM_TASKS").has_value();
  const int tasks = number(environment, step ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS");
  if (tasks <= 1) return std::nullopt;
  return fmt::format(
      "Slurm has {} tasks here, but this process is alone in its MPI world: srun was used without "
      "a PMI that the MPI library understands, or no launcher was used at all. Start the program "
      "with `srun --mpi=pmix` (`srun --mpi=list` shows what there is) or with mpirun.",
      tasks);
}

EnvironmentLookup process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

}  // namespace volley::net
