#pragma once
// How a process of an application begins: as a container, as a rank, or as the launcher of the job.

#include "launch/rank_process.hpp"
#include "launch/run_request.hpp"

#include <volley/application.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace volley::launch {

/// The entry of an application that is part of the volley command, by its name; null: none.
using BuiltIn = std::function<const ApplicationEntry*(std::string_view name)>;

/// For the volley command, first thing in main: when this process is a container of a module's or a
/// built-in application, runs it to its end.
void become_container_if_asked(const BuiltIn& built_in);

/// A rank of a module's application: loads the .so and serves. Returns the exit code.
int run_module_rank(const RunRequest& request);

/// A rank of a built-in application; the request's application is its name. `prelude` comes first:
/// what it returns is the exit code, unless it is 0; the same on all ranks.
int run_built_in_rank(const RunRequest& request, const ApplicationEntry& entry,
                      const Prelude& prelude);

}  // namespace volley::launch
