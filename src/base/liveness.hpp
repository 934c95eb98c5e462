#pragma once
// Liveness: what roles that wait for heartbeats must know of themselves. A process that was
// stopped, or a rank that stood still, wakes to a time-out of everybody else: their heartbeats are
// still in its queue. After such a gap between its own ticks it counts the silence of others from
// now on.

#include "base/units.hpp"

namespace volley::base {

/// Whether the owner of the ticks was itself silent, compared with the time-out it watches over.
inline bool slept(TimePoint last_tick, TimePoint now, Duration timeout) {
  return now - last_tick > timeout / 10;
}

}  // namespace volley::base
