#pragma once
// Which processes of a communicator the MPI library knows to be dead. Libraries with ULFM (Open
// MPI 5 under mpirun --with-ft ulfm) say so; others never do.

#include "base/ids.hpp"

#include <mpi.h>

#include <vector>

namespace volley::net {

/// To be asked when an operation on the communicator has returned an error. Afterwards receives and
/// probes of any source work again.
std::vector<base::Rank> failed_ranks(MPI_Comm communicator);

}  // namespace volley::net
