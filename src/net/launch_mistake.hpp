#pragma once
// Finds out that a program which should have been many ranks was started as one: a launcher that
// the MPI library does not understand gives every process a world of its own, silently.

#include <functional>
#include <optional>
#include <string>

namespace volley::net {

/// A variable of the environment as it was before MPI_Init, or nothing when unset.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// What went wrong and how to start the program instead; nothing when the world's size is
/// believable. MPI is trusted, SLURM_* is advice: under mpirun every rank sees the batch shell's
/// values.
std::optional<std::string> launch_mistake(int world_size, const EnvironmentLookup& environment);

/// Looks into this process's environment.
EnvironmentLookup process_environment();

}  // namespace volley::net
