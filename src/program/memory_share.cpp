#include "program/memory_share.hpp"

#include <algorithm>

namespace volley::program {
namespace {

/// Asked for at least, since asking takes a lock.
constexpr std::uint64_t least_step = 64U << 10U;

}  // namespace

MemoryShare::MemoryShare(TaskContext& context) {
  storage::MemoryManager* const memory = context.services().memory();
  if (memory == nullptr) {
    allowed_ = limit_ = context.services().task_memory();
    return;
  }
  context_ = &context;
  floor_ = allowed_ = memory->options().floor;
  limit_ = std::max(memory->enter(context.attempt().task), floor_);
}

bool MemoryShare::grow(std::uint64_t bytes) {
  if (context_ == nullptr || bytes > storage::MemoryManager::unlimited) return false;
  context_->check_stop();
  storage::MemoryManager& memory = *context_->services().memory();
  const std::uint64_t step = std::max(bytes - granted_, least_step + granted_ / 8);
  granted_ += memory.acquire(context_->attempt().task, step, context_->stop_flag());
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
