#include "net/idle_backoff.hpp"

#include <algorithm>

namespace volley::net {

base::Duration IdleBackoff::next(base::TimePoint now, bool active) {
  if (active || !started_) {
    started_ = true;
    last_activity_ = now;
    return base::Duration::zero();
  }
  const base::Duration idle = now - last_activity_;
  if (idle < options_.spin) return base::Duration::zero();
  return std::clamp(idle / 8, options_.first, options_.longest);
}

}  // namespace volley::net
