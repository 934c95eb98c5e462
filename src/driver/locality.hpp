#pragma once
// Locality: how near to its data a task may run, and DelayClock: how far away a task set lets its
// tasks go now. A set starts at the nearest level and gives up a level when nothing waits for it or
// when nothing could be launched there for the level's wait. A round of offers that refused nothing
// for the sake of a better place starts the wait anew.

#include "driver/options.hpp"
#include "protocol/events.hpp"

namespace volley::driver {

using protocol::Locality;

class DelayClock {
 public:
  DelayClock(LocalityWait wait, base::TimePoint now) : wait_(wait), since_(now) {}

  /// What is allowed now; the flags say whether tasks wait that want the level.
  Locality allowed(base::TimePoint now, bool process_waits, bool node_waits);
  /// Everything that was offered was used, `nearest` at best.
  void used_all(base::TimePoint now, Locality nearest);
  /// A better place has appeared.
  void start_over(base::TimePoint now) { used_all(now, Locality::process); }

 private:
  LocalityWait wait_;
  base::TimePoint since_;
  Locality level_ = Locality::process;
};

}  // namespace volley::driver
