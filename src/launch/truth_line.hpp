#pragma once
// The line of truth at the start of a run: what it really got, as opposed to what was asked for.

#include <cstdint>
#include <string>
#include <string_view>

namespace volley::launch {

struct RunTruth {
  std::uint32_t nodes = 0;
  std::uint32_t ranks = 0;
  std::uint32_t cores = 0;   ///< slots of all ranks
  std::uint64_t memory = 0;  ///< bytes that all ranks offer
  std::string mpi_library;   ///< as MPI_Get_library_version says
  std::string transport;     ///< "shared memory", "ucx", ...; empty: not known
  std::string scratch;       ///< directory for temporary files
  std::uint64_t scratch_free = 0;
};

/// "2 nodes, 8 ranks, 16 cores, 31.2 GiB memory, Open MPI 4.1.4 (tcp), scratch /tmp (9.5 GiB
/// free)".
std::string truth_line(const RunTruth& truth);

/// Name and version out of what MPI_Get_library_version says, which may be pages long.
std::string short_mpi_name(std::string_view library_version);

}  // namespace volley::launch
