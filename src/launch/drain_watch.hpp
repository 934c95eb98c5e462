#pragma once
// DrainWatch: whether it is time to drain the run: somebody has sent USR1, or the end of the Slurm
// job is near (volley.drain.beforeEnd). On rank 0.

#include "base/units.hpp"
#include "config/configuration.hpp"
#include "config/environment.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace volley::launch {

class DrainWatch {
 public:
  using SystemTime = std::chrono::system_clock::time_point;

  DrainWatch(const config::Configuration& configuration, const config::Environment& environment);

  /// Why to drain now; nothing when there is no reason to, or it was said before.
  std::optional<std::string> why(bool signalled, SystemTime now);
  /// How long jobs may go on then.
  base::Duration grace() const { return grace_; }

 private:
  base::Duration grace_;
  std::optional<SystemTime> start_;  ///< when to begin without a signal
  base::Duration before_end_{};
  bool said_ = false;
};

}  // namespace volley::launch
