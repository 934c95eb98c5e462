#include "program/memory_share.hpp"

#include <algorithm>

namespace volley::program {
namespace {

/// Asked for at least, since asking takes a lock.
constexpr std::uint64_t least_step = 64U << 10U;

std::uint64_t most_of_task(const storage::MemoryManager::Options& memory, bool keeps_blocks) {
  return (memory.bytes - (keeps_blocks ? memory.protected_storage : 0)) / memory.tasks;
}

}  // namespace

MemoryShare::MemoryShare(TaskContext& context) {
  storage::MemoryManager* const memory = context.services().memory();
  if (memory == nullptr) {
    allowed_ = limit_ = context.services().task_memory();
    return;
  }
  context_ = &context;
  floor_ = allowed_ = memory->options().floor;
  memory->enter(context.attempt().task);
  most_ = most_of_task(memory->options(), context.keeps_blocks());
  limit_ = std::max(most_, floor_);
}

bool MemoryShare::grow(std::uint64_t bytes) {
  if (context_ == nullptr || bytes > storage::MemoryManager::unlimited) return false;
  context_->check_stop();
  storage::MemoryManager& memory = *context_->services().memory();
  const base::TaskId task = context_->attempt().task;
  const std::uint64_t held = memory.execution_used(task);
  const std::uint64_t step = std::min(std::max(bytes - granted_, least_step + granted_ / 8),
                                      most_ - std::min(most_, held));
  granted_ += memory.acquire(task, step, context_->stop_flag());
  allowed_ = std::max(granted_, floor_);
  context_->check_stop();
  return bytes <= allowed_;
}

void MemoryShare::give_back() {
  if (context_ == nullptr || granted_ == 0) return;
  context_->services().memory()->release(context_->attempt().task, std::exchange(granted_, 0));
  allowed_ = floor_;
}

}  // namespace volley::program
