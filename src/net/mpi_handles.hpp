#pragma once
// What the files that include mpi.h share: MpiWorld's communicators, and MPI's errors as text.
// Only src/net and src/exchange include this; everything else sees MpiWorld.

#include "base/result.hpp"

#include <mpi.h>

#include <cstdint>
#include <string_view>

namespace volley::net {

struct MpiHandles {
  MPI_Comm world = MPI_COMM_NULL;
  MPI_Comm host = MPI_COMM_NULL;  ///< the ranks that share memory with this one, in order of rank
  MPI_Comm node = MPI_COMM_NULL;  ///< the ranks of this rank's node, in order of rank
};

/// No single MPI message is larger.
inline constexpr std::uint64_t largest_message = 1ULL << 30U;

/// "<what> failed: <text of the MPI library>".
base::Failure mpi_failure(std::string_view what, int code);
/// Done, or the failure.
base::Status mpi_status(std::string_view what, int code);

/// A duplicate with errors returned, not fatal. Collective over `communicator`.
base::Result<MPI_Comm> duplicate_communicator(MPI_Comm communicator);
/// The largest tag a message may have.
int largest_tag(MPI_Comm communicator);

}  // namespace volley::net
