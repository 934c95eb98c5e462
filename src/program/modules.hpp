#pragma once
// Modules: code by identity. A function of the program is named by the build-id of the executable
// or shared object that holds it and its offset there, so that a process which loaded the same
// module at another address finds the same function. No registration, no macros.

#include "base/result.hpp"
#include "protocol/program.hpp"

#include <cstdint>
#include <string>

namespace volley::program {

/// The identity of a function in this process. A function outside any module is a bug.
protocol::FunctionRef identify(const void* function);

/// The address of an identified function here; fails when its module is not loaded, which means
/// that the processes run different builds.
base::Result<const void*> resolve(const protocol::FunctionRef& function);

/// One number for all code that takes part: the build-ids of Volley's library and of the module
/// that holds `function`. Ranks and executors compare it when they register.
std::uint64_t build_identity(const void* function);

}  // namespace volley::program
