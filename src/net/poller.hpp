#pragma once
// Poller: where a loop rests. It watches descriptors (wake-ups of links, pidfds, sockets) with
// ppoll(2) and sleeps as long as IdleBackoff allows; a descriptor that becomes ready ends the sleep
// at once. One thread owns it; descriptors are borrowed and must be removed before they are closed.

#include "base/units.hpp"
#include "net/idle_backoff.hpp"

#include <poll.h>

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace volley::net {

class Poller {
 public:
  /// Called before each sleep; false: there is work already, do not sleep.
  using Prepare = std::function<bool()>;

  explicit Poller(const IdleBackoff::Options& options = {}) : backoff_(options) {}

  /// `events` as for poll(2). A link is added with its prepare_to_wait(). Twice is a bug.
  void add(int descriptor, Prepare prepare = {}, short events = POLLIN);
  /// Changes the events of a watched descriptor.
  void watch(int descriptor, short events);
  void remove(int descriptor);
  std::size_t size() const { return watched_.size(); }

  /// Rests between two rounds of a loop. `active`: the last round found work. `at_most` bounds the
  /// sleep (the next timer). Returns the ready descriptors; valid until the next call. A busy loop
  /// is told of them at least every 200 us.
  std::span<const int> wait(bool active, std::optional<base::Duration> at_most = std::nullopt);

 private:
  bool may_sleep() const;
  void poll(base::Duration timeout);

  IdleBackoff backoff_;
  std::vector<pollfd> watched_;
  std::vector<Prepare> prepare_;  ///< beside watched_
  std::vector<int> ready_;
  base::TimePoint last_poll_{};
};

}  // namespace volley::net
