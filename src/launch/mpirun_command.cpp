#include "launch/mpirun_command.hpp"

#include "net/survival_flags.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace volley::launch {

using config::Environment;

std::vector<std::string> mpirun_command(const StartJob& job, const Environment& environment,
                                        bool is_root, const std::vector<std::string>& program) {
  std::vector<std::string> command{"mpirun"};
  const auto add = [&](std::initializer_list<const char*> words) {
    command.insert(command.end(), words.begin(), words.end());
  };
  if (is_root) add({"--allow-run-as-root"});
  // Ranks share the node's cores among themselves and their containers: no pinning by mpirun.
  add({"--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"});
  for (const std::string& flag : net::survival_flags()) command.push_back(flag);
  if (!job.in_allocation) {
    add({"--oversubscribe", "-n"});
    command.push_back(std::to_string(job.ranks));
    // Inside an allocation mpirun would spread the ranks over its nodes.
    if (environment.has("SLURM_JOB_ID")) add({"--mca", "ras", "^slurm", "--mca", "plm", "^slurm"});
  }
  // Else the srun that holds mpirun's daemons kills them all when Slurm declares one node down.
  if (job.in_allocation) add({"--mca", "plm_slurm_args", "--no-kill"});
  for (const std::string& name : environment.names_with("VOLLEY_")) {
    if (name == "VOLLEY_MPIRUN_FLAGS") continue;
    add({"-x"});
    command.push_back(name);
  }
  std::istringstream flags(environment.get("VOLLEY_MPIRUN_FLAGS"));
  for (std::string flag; flags >> flag;) command.push_back(flag);
  command.insert(command.end(), program.begin(), std::find(program.begin(), program.end(), ":"));
  return command;
}

std::string find_executable(const std::string& name, const Environment& environment) {
  std::istringstream path(environment.get("PATH", "/usr/local/bin:/usr/bin:/bin"));
  for (std::string directory; std::getline(path, directory, ':');) {
    std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    struct stat status {};
    const bool is_file = ::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    if (is_file && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

}  // namespace volley::launch
