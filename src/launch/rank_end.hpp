#pragma once
// How a rank's process ends when not all ranks end together; and the limit on their start.

#include "base/ids.hpp"
#include "base/units.hpp"

namespace volley::launch {

/// Until a rank serves, a death of another one leaves it in a collective call for ever where mpirun
/// lets survivors go on. After `timeout`, but not less than a minute, this process ends with 70.
void limit_start(base::Duration timeout);
/// The rank serves, or ends.
void lift_start_limit();

/// What this process exits with. Rank 0's code reaches a launcher by the verdict file, so that
/// mpirun says nothing about it. Another rank has a code only when rank 0 is gone, and speaks in
/// its place, should they share a file system.
int conclude(base::Rank rank, int code, bool after_loss = false);

/// The end of a rank that cannot end together with all others: MPI_Finalize might never return.
[[noreturn]] void leave(base::Rank rank, int code);

}  // namespace volley::launch
