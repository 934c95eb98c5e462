#pragma once
// How a process of an application begins: as a container, as a rank, or as the launcher of the job.

#include "launch/run_request.hpp"

#include <string>

namespace volley::launch {

/// For the volley command, first thing in main: when this process is a container of a module's
/// application, runs it to its end.
void become_container_if_asked();

/// A rank of a module's application: loads the .so and serves. Returns the exit code.
int run_module_rank(const RunRequest& request);

}  // namespace volley::launch
