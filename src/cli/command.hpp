#pragma once
// The volley command: picks the subcommand, prints what it says, and starts applications.

#include "bench/options.hpp"
#include "config/environment.hpp"
#include "launch/run_request.hpp"

#include <functional>
#include <string>
#include <vector>

namespace volley::cli {

/// What the command needs of the process around it; tests put recorders here.
struct Process {
  config::Environment environment;
  /// Path of this very executable.
  std::string self;
  /// Runs a module's application on this rank: loads it and enters the MPI program.
  std::function<int(const launch::RunRequest&)> run_module;
  /// Measures as one rank of an MPI job.
  std::function<int(const bench::Options&)> run_bench;
  /// Serves as one rank of an MPI job that measures the dataflow path.
  std::function<int(const launch::RunRequest&, const bench::Options&)> run_dataflow;
  /// Becomes another program; returns only when that fails, with errno.
  std::function<int(const std::vector<std::string>& command, const config::Environment&)> execute;
  std::function<void(const std::string&)> print;     ///< to standard output
  std::function<void(const std::string&)> complain;  ///< to standard error
};

/// `arguments` without the program's name. Returns the exit code.
int volley_command(const std::vector<std::string>& arguments, const Process& process);

/// `volley run` after its command line is understood: a rank becomes the application, anything else
/// launches the job.
int run_application_command(launch::RunRequest request, const Process& process);

/// `volley bench`: a rank measures, anything else launches the job.
int bench_command(const std::vector<std::string>& arguments, const Process& process);

}  // namespace volley::cli
