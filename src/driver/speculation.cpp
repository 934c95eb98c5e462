#include "driver/speculation.hpp"

#include <algorithm>
#include <chrono>

namespace volley::driver {

base::Duration median_of(std::vector<base::Duration>& durations) {
  if (durations.empty()) return {};
  const auto middle = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2);
  std::nth_element(durations.begin(), middle, durations.end());
  return *middle;
}

std::optional<base::Duration> straggler_threshold(const SpeculationOptions& options,
                                                  const SetProgress& progress,
                                                  std::vector<base::Duration>& durations) {
  const auto share = options.quantile * static_cast<double>(progress.tasks);
  const auto enough = std::max<std::size_t>(static_cast<std::size_t>(share), 1);
  if (progress.succeeded >= enough && !durations.empty()) {
    const std::chrono::duration<double> median = median_of(durations);
    const auto slow = std::chrono::duration_cast<base::Duration>(median * options.multiplier);
    return std::max(slow, options.min_runtime);
  }
  const bool small = progress.tasks <= progress.slots_of_an_executor;
  if (options.duration_threshold.count() > 0 && small) return options.duration_threshold;
  return std::nullopt;
}

bool too_late_to_finish(const DecommissionOptions& options, base::Duration median,
                        base::Duration ran, base::Duration leaving) {
  if (options.kill_interval.count() <= 0 || median.count() <= 0) return false;
  const base::Duration left = std::max(median - ran, base::Duration{});
  return leaving + left > options.kill_interval;
}

}  // namespace volley::driver
