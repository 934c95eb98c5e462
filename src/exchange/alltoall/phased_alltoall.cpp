#include "exchange/alltoall/phased_alltoall.hpp"

#include "exchange/alltoall/group_handles.hpp"

namespace volley::exchange {

PhasedAllToAll::PhasedAllToAll(const AllToAllParts& parts)
    : AllToAll(parts.choice, parts.facts),
      window_(parts.group.handles().communicator, parts.choice.window, parts.choice.segment) {}

base::Status PhasedAllToAll::start(const std::byte* send, std::byte* receive) {
  send_ = send;
  receive_ = receive;
  phase_ = 0;
  if (!fill(phase_, window_)) return base::Done{};
  return window_.post();
}

base::Status PhasedAllToAll::run(const std::byte* send, std::byte* receive) {
  send_ = send;
  receive_ = receive;
  for (phase_ = 0; fill(phase_, window_); ++phase_) {
    if (const auto status = window_.post(); !status) return status;
    if (const auto status = window_.wait(); !status) return status;
  }
  return base::Done{};
}

base::Result<bool> PhasedAllToAll::progress() {
  const auto complete = window_.progress();
  if (!complete || !complete.value()) return complete;
  if (!fill(++phase_, window_)) return true;
  if (const auto status = window_.post(); !status) return status.failure();
  return false;
}

}  // namespace volley::exchange
