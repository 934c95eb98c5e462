#pragma once
// FailureWindow: how many executor failures count now. With a validity interval, older ones are
// forgotten. Time comes with the calls.

#include "base/units.hpp"

#include <cstddef>
#include <deque>

namespace volley::am {

class FailureWindow {
 public:
  /// 0: failures count for ever.
  explicit FailureWindow(base::Duration validity = {}) : validity_(validity) {}

  void add(base::TimePoint now) { failures_.push_back(now); }
  /// Those that are not older than the validity interval.
  std::uint32_t count(base::TimePoint now) {
    while (validity_.count() > 0 && !failures_.empty() && failures_.front() + validity_ < now) {
      failures_.pop_front();
    }
    return static_cast<std::uint32_t>(failures_.size());
  }

 private:
  base::Duration validity_;
  std::deque<base::TimePoint> failures_;
};

}  // namespace volley::am
