#pragma once
// How a rank's process ends when not all ranks end together; and the limit on their start.

#include "base/ids.hpp"
#include "base/units.hpp"

#include <ctime>

namespace volley::launch {

/// Until a rank serves, a death of another one leaves it in a collective call for ever where mpirun
/// lets survivors go on. After `timeout`, but not less than a minute, this process ends with 70.
void limit_start(base::Duration timeout);
/// The rank serves, or ends.
void lift_start_limit();

/// Ends this process, with 70, when its owner, a thread that should be back every moment, has spent
/// `limit` of processor time elsewhere. For the thread that owns MPI: Open MPI 4.1 was seen to loop
/// for ever inside a call after a peer on another host had died. Time in which the process is
/// stopped does not count. On one thread.
class ProgressWatch {
 public:
  explicit ProgressWatch(base::Duration limit);
  ProgressWatch(const ProgressWatch&) = delete;
  ProgressWatch& operator=(const ProgressWatch&) = delete;
  ~ProgressWatch();
  /// The thread is back.
  void alive();

 private:
  base::Duration limit_;
  timer_t timer_{};
  bool made_ = false;
};

/// What this process exits with. Rank 0's code reaches a launcher by the verdict file, so that
/// mpirun says nothing about it. Another rank has a code only when rank 0 is gone, and speaks in
/// its place, should they share a file system.
int conclude(base::Rank rank, int code, bool after_loss = false);

/// The end of a rank that cannot end together with all others: MPI_Finalize might never return.
[[noreturn]] void leave(base::Rank rank, int code);

/// The end of a rank one of whose tasks waits for ever inside the MPI library: the application has
/// failed here. The other ranks take this one for lost.
[[noreturn]] void leave_stuck(base::Rank rank);

}  // namespace volley::launch
