#include "bench/kernels/load.hpp"

#include "exchange/alltoall/group_handles.hpp"
#include "net/mpi_handles.hpp"

namespace volley::bench {
namespace {

constexpr int stop_tag = 32001;  // above the tags of exchanges on the same communicator

}  // namespace

base::Status load_until_stopped(const exchange::RankGroup& world,
                                const exchange::RankGroup& aggressors, exchange::AllToAll& exchange,
                                const std::byte* send, std::byte* receive) {
  MPI_Request stop = MPI_REQUEST_NULL;
  if (aggressors.rank() == 0) {
    const int code = MPI_Irecv(nullptr, 0, MPI_BYTE, MPI_ANY_SOURCE, stop_tag,
                               world.handles().communicator, &stop);
    if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Irecv", code);
  }
  for (int stopped = 0; stopped == 0;) {
    if (const auto status = exchange.run(send, receive); !status) return status;
    int code = MPI_SUCCESS;
    if (aggressors.rank() == 0) code = MPI_Test(&stop, &stopped, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS) {
      code = MPI_Bcast(&stopped, 1, MPI_INT, 0, aggressors.handles().communicator);
    }
    if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Bcast", code);
  }
  return base::Done{};
}

base::Status stop_load(const exchange::RankGroup& world, int first_aggressor) {
  return net::mpi_status("MPI_Send", MPI_Send(nullptr, 0, MPI_BYTE, first_aggressor, stop_tag,
                                              world.handles().communicator));
}

}  // namespace volley::bench
