#pragma once
// Speculation: which running tasks get a second copy. Pure decisions over what a task set knows.

#include "driver/options.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace volley::driver {

/// How far a set is; `durations` are those of its successful tasks, in any order.
struct SetProgress {
  std::size_t tasks = 0;
  std::size_t succeeded = 0;
  std::size_t slots_of_an_executor = 1;
};

/// Tasks that run longer than this are stragglers; nothing while that cannot be said.
std::optional<base::Duration> straggler_threshold(const SpeculationOptions& options,
                                                  const SetProgress& progress,
                                                  std::vector<base::Duration>& durations);
/// The median; 0 for none. Reorders the values.
base::Duration median_of(std::vector<base::Duration>& durations);

/// Whether a task that has run so long will not end before its executor, which has been leaving
/// for `leaving`, is gone.
bool too_late_to_finish(const DecommissionOptions& options, base::Duration median,
                        base::Duration ran, base::Duration leaving);

}  // namespace volley::driver
