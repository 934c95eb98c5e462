#pragma once
// Strays: processes of a job that outlived mpirun. A second signal, or a kill, makes mpirun leave
// its ranks alone; the launcher adopts them and ends them, so that nothing stays behind.

#include "base/units.hpp"

#include <sys/types.h>

#include <set>

namespace volley::launch {

/// From its construction on, orphans among this process's descendants become its children. Undone
/// by the destructor. One at a time, in a process with a single thread.
class StrayGuard {
 public:
  StrayGuard();
  StrayGuard(const StrayGuard&) = delete;
  StrayGuard& operator=(const StrayGuard&) = delete;
  ~StrayGuard();

  /// Ends and reaps every child that this process did not have at the construction: SIGTERM, and
  /// SIGKILL for what is still there after `grace`. Returns the number of processes ended.
  std::size_t end_all(base::Duration grace);

 private:
  std::set<pid_t> fresh_children() const;

  int before_ = 0;  ///< whether this process adopted orphans already
  std::set<pid_t> known_;
};

}  // namespace volley::launch
