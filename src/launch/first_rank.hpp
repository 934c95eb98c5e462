#pragma once
// The first rank as the launcher sees it: a process on this machine, or somewhere else. mpirun that
// lets survivors go on may not return when rank 0, and with it the application, has died; so rank 0
// says which process it is, beside the verdict, and the launcher watches that.

#include "base/fd.hpp"

#include <string>

namespace volley::launch {

/// Rank 0, when it has joined the world. Nothing happens without a path.
void announce_first_rank(const std::string& verdict_path);
/// The launcher: a pidfd, readable when rank 0 has ended. Invalid when rank 0 has not announced
/// itself, is on another machine or has ended before.
base::Fd watch_first_rank(const std::string& verdict_path);

}  // namespace volley::launch
