#include "bench/kernels/collect.hpp"

#include "exchange/alltoall/group_handles.hpp"
#include "net/mpi_handles.hpp"

#include <chrono>
#include <numeric>
#include <thread>

namespace volley::bench {
namespace {

base::Result<double> reduce(const exchange::RankGroup& group, double value, MPI_Op operation) {
  const int code =
      MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, operation, group.handles().communicator);
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Allreduce", code);
  return value;
}

}  // namespace

base::Result<double> maximum(const exchange::RankGroup& group, double value) {
  return reduce(group, value, MPI_MAX);
}

base::Result<double> sum(const exchange::RankGroup& group, double value) {
  return reduce(group, value, MPI_SUM);
}

base::Status barrier(const exchange::RankGroup& group) {
  return net::mpi_status("MPI_Barrier", MPI_Barrier(group.handles().communicator));
}

base::Status sleeping_barrier(const exchange::RankGroup& group) {
  MPI_Request everyone = MPI_REQUEST_NULL;
  int here = 0;
  int code = MPI_Ibarrier(group.handles().communicator, &everyone);
  while (code == MPI_SUCCESS && here == 0) {
    code = MPI_Test(&everyone, &here, MPI_STATUS_IGNORE);
    if (here == 0) std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
  return net::mpi_status("MPI_Ibarrier", code);
}

base::Status broadcast(const exchange::RankGroup& group, std::string& text, int root) {
  const MPI_Comm communicator = group.handles().communicator;
  auto size = static_cast<int>(text.size());
  int code = MPI_Bcast(&size, 1, MPI_INT, root, communicator);
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Bcast", code);
  text.resize(static_cast<std::size_t>(size));
  code = MPI_Bcast(text.data(), size, MPI_CHAR, root, communicator);
  return net::mpi_status("MPI_Bcast", code);
}

base::Result<std::string> first_text(const exchange::RankGroup& group, const std::string& text) {
  const auto last = static_cast<double>(group.size());
  const auto negative = maximum(group, text.empty() ? -last : -static_cast<double>(group.rank()));
  if (!negative) return negative.failure();
  const int speaker = static_cast<int>(-negative.value());
  std::string first = text;
  if (speaker == group.size()) return std::string{};
  if (const auto status = broadcast(group, first, speaker); !status) return status.failure();
  return first;
}

base::Result<std::vector<std::string>> gather(const exchange::RankGroup& group,
                                              const std::string& text) {
  const MPI_Comm communicator = group.handles().communicator;
  const auto ranks = static_cast<std::size_t>(group.size());
  const auto own = static_cast<int>(text.size());
  std::vector<int> sizes(ranks), places(ranks);
  int code = MPI_Gather(&own, 1, MPI_INT, sizes.data(), 1, MPI_INT, 0, communicator);
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Gather", code);
  std::exclusive_scan(sizes.begin(), sizes.end(), places.begin(), 0);
  std::string all(static_cast<std::size_t>(places.back() + sizes.back()), ' ');
  code = MPI_Gatherv(text.data(), own, MPI_CHAR, all.data(), sizes.data(), places.data(), MPI_CHAR,
                     0, communicator);
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Gatherv", code);
  std::vector<std::string> texts;
  if (group.rank() != 0) return texts;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    texts.push_back(
        all.substr(static_cast<std::size_t>(places[rank]), static_cast<std::size_t>(sizes[rank])));
  }
  return texts;
}

}  // namespace volley::bench
