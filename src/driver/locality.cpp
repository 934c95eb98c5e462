#include "driver/locality.hpp"

namespace volley::driver {

Locality DelayClock::allowed(base::TimePoint now, bool process_waits, bool node_waits) {
  while (level_ != Locality::any) {
    const bool process = level_ == Locality::process;
    const base::Duration wait = process ? wait_.process : wait_.node;
    if (!(process ? process_waits : node_waits)) {
      since_ = now;
    } else if (now - since_ >= wait) {
      since_ += wait;
    } else {
      break;
    }
    level_ = process ? Locality::node : Locality::any;
  }
  return level_;
}

void DelayClock::used_all(base::TimePoint now, Locality nearest) {
  since_ = now;
  level_ = nearest == Locality::no_preference ? Locality::any : nearest;
}

}  // namespace volley::driver
