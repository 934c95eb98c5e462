#pragma once
// The eager limit: up to which size the MPI library sends a message without asking its receiver.
// The standard has no question for it (the tool interface, MPI_T, took 0.2 s to say it); this knows
// Open MPI's transport over shared memory. A wrong guess costs time, nothing else.

#include "net/mpi_handles.hpp"

#include <cstdint>

namespace volley::net {

/// In bytes of payload, for any two ranks of `handles.world`; 0 when it is not known, or they do
/// not all share memory. `handles.host` may be null. Collective over the world.
std::uint64_t eager_bytes(const MpiHandles& handles);

}  // namespace volley::net
