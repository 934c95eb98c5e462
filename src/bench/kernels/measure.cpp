#include "bench/kernels/measure.hpp"

#include "bench/kernels/collect.hpp"
#include "exchange/alltoall/group_handles.hpp"
#include "net/mpi_handles.hpp"

#include <algorithm>
#include <numeric>

namespace volley::bench {
namespace {

/// Runs iterations [begin, end) and appends this rank's times.
base::Status run_batch(MPI_Comm communicator, std::uint64_t begin, std::uint64_t end,
                       Operation& operation, std::vector<double>& times, std::string& wrong) {
  for (std::uint64_t iteration = begin; iteration < end; ++iteration) {
    operation.before(iteration);
    if (const int code = MPI_Barrier(communicator); code != MPI_SUCCESS) {
      return net::mpi_failure("MPI_Barrier", code);
    }
    const double start = MPI_Wtime();
    if (const auto status = operation.run(); !status) return status;
    times.push_back(MPI_Wtime() - start);
    std::string found = operation.after(iteration);
    if (wrong.empty()) wrong = std::move(found);
  }
  return base::Done{};
}

}  // namespace

base::Result<Measured> bring_together(const exchange::RankGroup& group,
                                      const std::vector<double>& times) {
  const MPI_Comm communicator = group.handles().communicator;
  const auto count = static_cast<int>(times.size());
  const double ranks = group.size();
  Measured measured;
  measured.slowest.resize(times.size());
  measured.average.resize(times.size());
  int code = MPI_Allreduce(times.data(), measured.slowest.data(), count, MPI_DOUBLE, MPI_MAX,
                           communicator);
  if (code == MPI_SUCCESS) {
    code = MPI_Allreduce(times.data(), measured.average.data(), count, MPI_DOUBLE, MPI_SUM,
                         communicator);
  }
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Allreduce", code);
  for (double& time : measured.average) time /= ranks;
  const double own =
      std::accumulate(times.begin(), times.end(), 0.0) / std::max(1.0, static_cast<double>(count));
  const auto most = maximum(group, own);
  const auto least = maximum(group, -own);
  const auto total = sum(group, own);
  if (!most || !least || !total) return base::Failure{"MPI_Allreduce failed"};
  measured.rank_most = most.value();
  measured.rank_least = -least.value();
  measured.rank_mean = total.value() / ranks;
  return measured;
}

base::Result<std::vector<double>> time_iterations(const exchange::RankGroup& group,
                                                  const LoopLimits& limits, Operation& operation) {
  const MPI_Comm communicator = group.handles().communicator;
  std::vector<double> times;
  std::string wrong;
  const double start = MPI_Wtime();
  std::uint64_t done = 0;
  std::uint64_t kept_from = 0;
  // Batches grow while they take less than a fiftieth of the limit, so that the agreement is rare.
  for (std::uint64_t batch = 1; done < limits.warm_up + limits.iterations;) {
    const bool warming = done < limits.warm_up;
    const std::uint64_t end =
        std::min(done + batch, warming ? limits.warm_up : limits.warm_up + limits.iterations);
    const double began = MPI_Wtime();
    const auto status = run_batch(communicator, done, end, operation, times, wrong);
    if (!status) return status.failure();
    done = end;
    const double now = MPI_Wtime();
    const double limit = warming ? limits.seconds / 5 : limits.seconds;
    double agreed[2] = {now - began < limits.seconds / 50 ? 1.0 : 0.0,
                        now - start < limit ? 1.0 : 0.0};
    const int code = MPI_Bcast(agreed, 2, MPI_DOUBLE, 0, communicator);
    if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Bcast", code);
    if (agreed[0] != 0) batch *= 2;
    if (warming && (done == limits.warm_up || agreed[1] == 0)) {
      kept_from = times.size();
      done = limits.warm_up;
    } else if (agreed[1] == 0) {
      break;
    }
  }
  times.erase(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(kept_from));
  const auto anywhere = first_text(group, wrong);
  if (!anywhere) return anywhere.failure();
  if (!anywhere.value().empty()) return base::Failure{wrong_contents + anywhere.value()};
  return times;
}

base::Result<Measured> measure(const exchange::RankGroup& group, const LoopLimits& limits,
                               Operation& operation) {
  const auto times = time_iterations(group, limits, operation);
  if (!times) return times.failure();
  return bring_together(group, times.value());
}

}  // namespace volley::bench
