// docs/guide.md: a barrier stage that calls MPI. Run with --isolation none.
#include <volley/mpi.hpp>
#include <volley/volley.hpp>

#include <cmath>
#include <iostream>

int mpi_stage(volley::Context& context, const std::vector<std::string>&) {
  auto vector =
      context.range(0, 10, 1, 2).map([](std::int64_t n) { return 2.0 * static_cast<double>(n); });
  // [mpi_stage]
  auto norms = vector.barrier().map_partitions([](volley::BarrierTask& task, auto& records) {
    double mine = 0;
    records.for_each([&](double x) { mine += x * x; });
    const MPI_Comm comm = volley::mpi_comm(task);  // its rank i is the task of partition i
    double all = 0;
    if (MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, comm) != MPI_SUCCESS) {
      throw std::runtime_error("MPI_Allreduce failed");
    }
    return std::vector{std::sqrt(all)};
  });
  // [/mpi_stage]
  for (const double norm : norms.collect()) std::cout << "norm " << norm * norm << '\n';
  return 0;
}
VOLLEY_APPLICATION(mpi_stage)
