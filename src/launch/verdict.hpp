#pragma once
// The verdict: the application's own exit code on its way from rank 0 to the launcher, in a file.
// mpirun's exit code will not do: after a lost rank it is 0 or the dead rank's.

#include "base/result.hpp"

#include <optional>
#include <string>

namespace volley::launch {

/// Names the verdict file for rank 0; not set when somebody else's mpirun started the job.
inline constexpr const char* verdict_variable = "VOLLEY_VERDICT";

/// Rank 0, when the application is over. The file appears complete or not at all. `after_loss`: a
/// rank was lost, so that mpirun may never return.
base::Status write_verdict(const std::string& path, int exit_code, bool after_loss = false);
/// Whether the verdict says so.
bool verdict_after_loss(const std::string& path);
/// The launcher; nothing when there is no verdict (yet).
std::optional<int> read_verdict(const std::string& path);

/// What rank 0 exits with. With a verdict written it is 0: for another code mpirun prints a page
/// that buries the application's own error.
int rank_exit_code(int application_code, bool verdict_written);

/// How a job ended, for the launcher's own exit.
struct JobOutcome {
  int exit_code = 0;
  std::string error;  ///< for the user; empty when the application said everything itself
};

/// `wait_status`: mpirun's, as of waitpid. `stopped_by`: the last signal that asked the launcher to
/// stop, or 0.
JobOutcome judge_job(std::optional<int> verdict, int wait_status, int stopped_by);

}  // namespace volley::launch
