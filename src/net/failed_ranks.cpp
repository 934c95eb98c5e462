#include "net/failed_ranks.hpp"

#include "net/survival_flags.hpp"

#include <numeric>

#if defined(OPEN_MPI) && OPEN_MPI
#include <mpi-ext.h>
#endif

namespace volley::net {

#ifdef MPIX_ERR_PROC_FAILED

std::vector<base::Rank> failed_ranks(MPI_Comm communicator) {
  MPI_Group failed = MPI_GROUP_NULL;
  MPI_Group all = MPI_GROUP_NULL;
  if (MPIX_Comm_failure_ack(communicator) != MPI_SUCCESS ||
      MPIX_Comm_failure_get_acked(communicator, &failed) != MPI_SUCCESS) {
    return {};
  }
  int count = 0;
  MPI_Group_size(failed, &count);
  std::vector<int> places(static_cast<std::size_t>(count));
  std::iota(places.begin(), places.end(), 0);
  std::vector<base::Rank> ranks(places.size(), base::no_rank);
  MPI_Comm_group(communicator, &all);
  MPI_Group_translate_ranks(failed, count, places.data(), all, ranks.data());
  if (failed != MPI_GROUP_EMPTY) MPI_Group_free(&failed);
  MPI_Group_free(&all);
  return ranks;
}

std::vector<std::string> survival_flags() { return {"--with-ft", "ulfm"}; }

#else

std::vector<base::Rank> failed_ranks(MPI_Comm) { return {}; }

std::vector<std::string> survival_flags() { return {"--enable-recovery"}; }

#endif

}  // namespace volley::net
