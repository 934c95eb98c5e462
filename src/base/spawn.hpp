#pragma once
// What starting a process by posix_spawn takes: a process of MPI, or with threads, must not fork.

#include <spawn.h>

#include <string>
#include <vector>

namespace volley::base {

/// Owns the two C structures that posix_spawn takes.
struct SpawnPlan {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnPlan();
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan();
};

/// This process's environment with `extra`, "NAME=value", in it or in place of what was there.
std::vector<std::string> merged_environment(const std::vector<std::string>& extra);

/// Their texts and a null pointer, as C takes arguments and environments.
std::vector<char*> c_strings(std::vector<std::string>& strings);

}  // namespace volley::base
