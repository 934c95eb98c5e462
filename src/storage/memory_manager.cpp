#include "storage/memory_manager.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace volley::storage {

/// With the lock held, of at least one task.
std::uint64_t MemoryManager::most_per_task() const {
  return (options_.bytes - std::min(storage_, options_.protected_storage)) / tasks_.size();
}

std::uint64_t MemoryManager::enter(Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.try_emplace(task, 0);
  return most_per_task();
}

std::uint64_t MemoryManager::grant(Task task, std::uint64_t bytes) {
  tasks_.at(task) += bytes;
  execution_ += bytes;
  return bytes;
}

std::uint64_t MemoryManager::acquire(Task task, std::uint64_t bytes,
                                     const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  tasks_.try_emplace(task, 0);
  bool room_was_made = false;
  for (;;) {
    const std::uint64_t held = tasks_.at(task);
    const std::uint64_t most = most_per_task();
    const std::uint64_t wanted = std::min(bytes, most > held ? most - held : 0);
    const std::uint64_t available = free_now();
    const std::uint64_t reclaimable = storage_ - std::min(storage_, options_.protected_storage);
    if (wanted > available && reclaimable != 0 && make_room_ && !room_was_made) {
      room_was_made = true;
      lock.unlock();
      make_room_(std::min(wanted - available, reclaimable));
      lock.lock();
      continue;
    }
    const std::uint64_t granted = std::min(wanted, available);
    const std::uint64_t least = (options_.bytes - storage_) / (2 * tasks_.size());
    const bool waits = granted < bytes && held + granted < least && paused_ == 0 && !closed_ &&
                       !stop.load(std::memory_order_relaxed);
    if (!waits) return grant(task, granted);
    changed_.wait(lock);
    room_was_made = false;
  }
}

void MemoryManager::release(Task task, std::uint64_t bytes) {
  if (bytes == 0) return;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(task);
    VOLLEY_CHECK(found != tasks_.end() && found->second >= bytes, "task {} gives back {} bytes",
                 task, bytes);
    found->second -= bytes;
    execution_ -= bytes;
  }
  changed_.notify_all();
}

std::uint64_t MemoryManager::release_all(Task task) {
  std::uint64_t held = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(task);
    if (found == tasks_.end()) return 0;
    held = found->second;
    execution_ -= held;
    tasks_.erase(found);
  }
  changed_.notify_all();
  return held;
}

void MemoryManager::pause() {
  {
    const std::lock_guard lock(mutex_);
    ++paused_;
  }
  changed_.notify_all();
}

void MemoryManager::resume() {
  const std::lock_guard lock(mutex_);
  VOLLEY_CHECK(paused_ != 0, "no task waits for others");
  --paused_;
}

void MemoryManager::wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void MemoryManager::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

bool MemoryManager::acquire_storage(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > free_now()) return false;
  storage_ += bytes;
  return true;
}

void MemoryManager::release_storage(std::uint64_t bytes) {
  if (bytes == 0) return;
  {
    const std::lock_guard lock(mutex_);
    VOLLEY_CHECK(storage_ >= bytes, "storage has {} bytes and gives back {}", storage_, bytes);
    storage_ -= bytes;
  }
  changed_.notify_all();
}

std::uint64_t MemoryManager::storage_limit() const {
  const std::lock_guard lock(mutex_);
  return options_.bytes - execution_;
}
std::uint64_t MemoryManager::free() const {
  const std::lock_guard lock(mutex_);
  return free_now();
}
std::uint64_t MemoryManager::storage_used() const {
  const std::lock_guard lock(mutex_);
  return storage_;
}
std::uint64_t MemoryManager::execution_used() const {
  const std::lock_guard lock(mutex_);
  return execution_;
}
std::uint64_t MemoryManager::execution_used(Task task) const {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(task);
  return found == tasks_.end() ? 0 : found->second;
}

}  // namespace volley::storage
