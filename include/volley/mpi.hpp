#pragma once
// The tasks of a barrier stage as the ranks of an MPI communicator, for libraries that want one:
// solvers, transforms, parallel input and output. Needs --isolation none, where tasks are threads
// of the MPI processes, an MPI library with MPI_THREAD_MULTIPLE, and at most one task of the stage
// on a rank (volley.rank.slots=1 sees to that). Not part of volley.hpp, since it includes <mpi.h>:
// what uses it links MPI::MPI_C too.
//
// A thread cannot be ended from outside. When a task fails, or the stage is cancelled, while others
// wait for it inside MPI, their ranks end after volley.barrier.mpi.stopTimeout, and with them the
// job. So check what can be wrong with the input before the first call.

#include <volley/barrier.hpp>

#include <mpi.h>

namespace volley {

/// The communicator of the stage's tasks: its rank i is the task of partition i. All of them have
/// to ask for it, in the same place among their other calls of `task`; the second time they get the
/// same one. Only to be used on the task's thread and until its function returns; it is freed by
/// Volley. Errors are returned (MPI_ERRORS_RETURN), so look at what MPI's functions return. Where
/// there can be none the job fails, with what to do about it.
inline MPI_Comm mpi_comm(BarrierTask& task) {
  return *static_cast<const MPI_Comm*>(task.mpi_handle());
}

}  // namespace volley
