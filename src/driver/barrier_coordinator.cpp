#include "driver/barrier_coordinator.hpp"

#include <fmt/format.h>

#include <chrono>

namespace volley::driver {

using protocol::BarrierPassed;
using protocol::Outbox;

void BarrierCoordinator::arrive(const protocol::BarrierReached& message, std::uint32_t index,
                                std::uint32_t tasks, const protocol::Address& from,
                                base::TimePoint now, Outbox& outbox) {
  const protocol::TaskAttempt& attempt = message.attempt;
  Barrier& barrier = barriers_[{attempt.stage, attempt.stage_attempt}];
  if (message.epoch != barrier.epoch) {
    outbox.send(from, BarrierPassed{attempt.task,
                                    message.epoch,
                                    fmt::format("the barrier sync of stage {} (attempt {}) with "
                                                "epoch {} is over: task {} comes too late",
                                                attempt.stage, attempt.stage_attempt, message.epoch,
                                                attempt.task),
                                    {}});
    return;
  }
  if (barrier.waiting.empty()) {
    barrier.operation = message.operation;
    barrier.deadline = now + timeout_;
  }
  barrier.waiting[index] = {from, attempt.task,
                            std::make_shared<const protocol::Bytes>(message.message)};
  if (message.operation != barrier.operation) {
    return fail(
        barrier,
        fmt::format("Different barrier sync types found for the sync of stage {} (attempt "
                    "{}): {}, {}. Please use the same barrier sync type within a single "
                    "sync",
                    attempt.stage, attempt.stage_attempt, barrier.operation, message.operation),
        outbox);
  }
  if (barrier.waiting.size() == tasks) pass(barrier, outbox);
}

void BarrierCoordinator::pass(Barrier& barrier, Outbox& outbox) {
  std::vector<std::shared_ptr<const protocol::Bytes>> messages;
  for (const auto& [index, waiting] : barrier.waiting) messages.push_back(waiting.message);
  for (const auto& [index, waiting] : barrier.waiting) {
    outbox.send(waiting.address, BarrierPassed{waiting.task, barrier.epoch, {}, messages});
  }
  barrier.waiting.clear();
  ++barrier.epoch;
}

/// All that wait get the error; those that come later as well, since the epoch goes on.
void BarrierCoordinator::fail(Barrier& barrier, const std::string& error, Outbox& outbox) {
  for (const auto& [index, waiting] : barrier.waiting) {
    outbox.send(waiting.address, BarrierPassed{waiting.task, barrier.epoch, error, {}});
  }
  barrier.waiting.clear();
  ++barrier.epoch;
}

void BarrierCoordinator::forget(base::StageId stage, std::uint32_t stage_attempt) {
  barriers_.erase({stage, stage_attempt});
}

void BarrierCoordinator::tick(base::TimePoint now, Outbox& outbox) {
  for (auto& [key, barrier] : barriers_) {
    if (barrier.waiting.empty() || now < barrier.deadline) continue;
    fail(barrier,
         fmt::format("The coordinator didn't get all barrier sync requests for barrier epoch {} "
                     "from Stage {} (Attempt {}) within {} second(s): {} task(s) came. Barriers "
                     "that take longer need a larger volley.barrier.sync.timeout",
                     barrier.epoch, key.first, key.second,
                     std::chrono::duration_cast<std::chrono::seconds>(timeout_).count(),
                     barrier.waiting.size()),
         outbox);
  }
}

}  // namespace volley::driver
