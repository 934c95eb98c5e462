#pragma once
// The command line that starts an MPI job, as a pure function.

#include "config/environment.hpp"
#include "launch/start_decision.hpp"

#include <string>
#include <vector>

namespace volley::launch {

/// The command for `job`: `program` (absolute path, then its arguments) on every rank. Variables of
/// `environment` whose names begin with VOLLEY_ reach all nodes; the words of VOLLEY_MPIRUN_FLAGS
/// are added to mpirun's flags. A program argument ":" would make mpirun start a second program: it
/// and what follows is left out, since ranks take their arguments from the request.
std::vector<std::string> mpirun_command(const StartJob& job, const config::Environment& environment,
                                        bool is_root, const std::vector<std::string>& program);

/// The path of an executable by the rule of the shell; empty when PATH has none.
std::string find_executable(const std::string& name, const config::Environment& environment);

}  // namespace volley::launch
