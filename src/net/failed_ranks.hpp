#pragma once
// Which processes of a communicator the MPI library knows to be dead. Libraries with ULFM (Open
// MPI 5 under mpirun --with-ft ulfm) say so; others never do.

#include "base/ids.hpp"

#include <mpi.h>

#include <vector>

namespace volley::net {

/// Local and quick. Afterwards receives and probes of any source work again, should they have
/// returned errors. (With Open MPI 5.0.7 probes of any source never do: ask from time to time.)
std::vector<base::Rank> failed_ranks(MPI_Comm communicator);

}  // namespace volley::net
