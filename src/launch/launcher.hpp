#pragma once
// The launcher: the process that starts the MPI job, passes signals on, and ends with the
// application's own exit code. It links no MPI call and has one thread. Nothing stays behind when
// it ends, whatever ends it: mpirun gets SIGTERM when the launcher dies.

#include "base/units.hpp"
#include "config/environment.hpp"
#include "launch/run_request.hpp"
#include "launch/start_decision.hpp"
#include "launch/verdict.hpp"

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace volley::launch {

/// Set for the ranks to the width of the launcher's terminal when its standard error is one; the
/// ranks themselves write into mpirun's pipes.
inline constexpr const char* terminal_variable = "VOLLEY_TERMINAL_COLUMNS";

/// A command and how long it may go on once the verdict is there. mpirun does not always return by
/// itself after lost ranks.
struct Job {
  std::vector<std::string> command;  ///< command[0] is an absolute path
  config::Environment environment;
  std::string verdict_file;
  base::Duration grace = std::chrono::seconds{10};
  /// The same after a loss; mpirun hands on what is left of the ranks' output meanwhile.
  base::Duration loss_grace = std::chrono::milliseconds{500};
  /// How long processes that mpirun left behind may take to end by themselves.
  base::Duration stray_grace = std::chrono::seconds{2};
  std::optional<sigset_t> mask = {};  ///< signals that the command blocks; else as the caller
};

/// Runs the command to its end. Call it from a process with a single thread.
JobOutcome run_job(const Job& job);

/// Whether a signal that this process got must be passed to mpirun: the terminal has already sent
/// its signals to the whole process group. `code` is si_code.
bool must_forward(int code);

/// Where the verdict's directory goes: `scratch`, unless this node is outside the allocation and
/// rank 0 would look for it on another one; then the working directory.
std::string verdict_parent(const StartJob& job, const config::Environment& environment,
                           const std::string& scratch);

/// Starts `program` (absolute path and arguments) on the ranks of a new MPI job in this
/// environment, and waits for a verdict in the file that `verdict_variable` names for rank 0.
/// `scratch`: where temporary files may go. Reports its own errors on standard error. The exit code
/// of this process.
int launch_program(const StartJob& job, config::Environment environment,
                   const std::vector<std::string>& program, const std::string& scratch,
                   bool verbose);

/// Starts `program` (absolute path and arguments) on the ranks of a new MPI job with this request,
/// and waits. Reports its own errors on standard error. The exit code of this process.
int launch_job(const RunRequest& request, const StartJob& job,
               const config::Environment& environment, const std::vector<std::string>& program);

/// The beginning of every application: nothing when this process is a rank, else the exit code of
/// the job that it started (or of the mistake it reported).
std::optional<int> launch_unless_rank(RunRequest request, const config::Environment& environment,
                                      const std::vector<std::string>& program);

/// Cores that this process may use.
std::uint32_t usable_cores();

}  // namespace volley::launch
