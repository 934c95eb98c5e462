#pragma once
// IdleBackoff: how long a loop that has to ask MPI for news may sleep. It spins for a moment after
// activity, since an answer often follows at once; then it sleeps for an eighth of the time it has
// been idle, within bounds. A message over MPI so waits at most about an eighth longer than it
// would have anyway, and an idle rank costs next to nothing.

#include "base/units.hpp"

namespace volley::net {

class IdleBackoff {
 public:
  struct Options {
    base::Duration spin = std::chrono::microseconds{30};
    base::Duration first = std::chrono::microseconds{50};
    base::Duration longest = std::chrono::milliseconds{2};
  };

  IdleBackoff() = default;
  explicit IdleBackoff(const Options& options) : options_(options) {}

  /// For the owner of a loop without MPI, which only descriptors can wake: sleep after the spin.
  static Options until_woken() {
    return {std::chrono::microseconds{30}, std::chrono::hours{1}, std::chrono::hours{1}};
  }

  /// How long to sleep now; zero: look again at once. `active`: the last round found work.
  base::Duration next(base::TimePoint now, bool active);

 private:
  Options options_;
  base::TimePoint last_activity_{};
  bool started_ = false;
};

}  // namespace volley::net
