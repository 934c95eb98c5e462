#include "driver/executor_startup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace volley::driver {

std::optional<protocol::ExecutorsReady> ExecutorStartup::decide(std::uint32_t registered,
                                                                std::uint32_t wanted,
                                                                std::uint32_t slots,
                                                                base::TimePoint now,
                                                                base::Duration wait, double ratio) {
  if (state_ != State::negotiating) return std::nullopt;
  if (negotiated_.final && negotiated_.granted == 0 && negotiated_.requested > 0) {
    state_ = State::answered;
    return protocol::ExecutorsReady{
        0, 0,
        fmt::format("No executor could be had for this application ({} requested): {}",
                    negotiated_.requested, negotiated_.note)};
  }
  const std::uint32_t granted = std::min(negotiated_.granted, wanted);
  const bool all = negotiated_.final && registered >= granted;
  const bool enough = granted > 0 && registered > 0 && now - since_ >= wait &&
                      static_cast<double>(registered) >= ratio * static_cast<double>(granted);
  if (!all && !enough) return std::nullopt;
  state_ = State::answered;
  return protocol::ExecutorsReady{registered, slots, {}};
}

}  // namespace volley::driver
