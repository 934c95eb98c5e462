#pragma once
// The communicator of a RankGroup, for the files that call MPI.

#include <mpi.h>

namespace volley::exchange {

struct GroupHandles {
  MPI_Comm communicator = MPI_COMM_NULL;
};

}  // namespace volley::exchange
