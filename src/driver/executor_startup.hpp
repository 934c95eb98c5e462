#pragma once
// ExecutorStartup: decides when enough executors have registered for the program to begin.

#include "base/units.hpp"
#include "protocol/driver_messages.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace volley::driver {

class ExecutorStartup {
 public:
  void begin(base::TimePoint now) {
    state_ = State::negotiating;
    since_ = now;
  }
  /// Sets the time from which the wait counts.
  void set_start(base::TimePoint now) { since_ = now; }
  void on(const protocol::ExecutorsNegotiated& message) { negotiated_ = message; }

  /// The answer for the program, once: all granted executors have registered, or `ratio` of them
  /// when `wait` is over, or there will be none (then with an error). Of the granted ones `wanted`
  /// are left when some were released meanwhile.
  std::optional<protocol::ExecutorsReady> decide(std::uint32_t registered, std::uint32_t wanted,
                                                 std::uint32_t slots, base::TimePoint now,
                                                 base::Duration wait, double ratio);

 private:
  enum class State : std::uint8_t { idle, negotiating, answered };
  State state_ = State::idle;
  base::TimePoint since_{};
  protocol::ExecutorsNegotiated negotiated_;
};

}  // namespace volley::driver
