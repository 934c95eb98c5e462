#pragma once
// Open MPI's parameters for messages that are sent without asking their receiver.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace volley::net {

/// Up to which size, headers included, `transport` sends so; 0: it is not in use, or its parameter
/// is not a number. `parameter(name)`: what mpirun passes on, "" for nothing.
std::uint64_t open_mpi_eager_limit(std::string_view transport,
                                   const std::function<std::string(const std::string&)>& parameter);

}  // namespace volley::net
