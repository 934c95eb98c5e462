#pragma once
// MemoryManager: the memory of one executor process for execution (tables and buffers of tasks) and
// storage (cached blocks), one budget for both by the rules of Spark's unified memory manager:
// - Storage may take all that execution does not use, and never takes anything from it.
// - Execution may take what storage uses beyond its protected part: blocks make way then.
// - Each of N tasks that use memory gets at most 1/N of what execution may have. A task that asks
//   while it has less than 1/(2N) waits until others give back.
// Safe from every task thread: one mutex, held for arithmetic only and never while blocks make way.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

namespace volley::storage {

class MemoryManager {
 public:
  using Task = std::uint64_t;

  static constexpr std::uint64_t unlimited = UINT64_MAX / 4;
  struct Options {
    std::uint64_t bytes = unlimited;
    std::uint64_t protected_storage = 0;  ///< of them, what execution leaves to storage
    std::uint64_t floor = 0;  ///< what a consumer of execution memory may use without asking
    std::uint32_t tasks = 1;  ///< at most at a time
  };
  /// Frees about so many bytes of storage, if it can.
  using MakeRoom = std::function<void(std::uint64_t bytes)>;

  explicit MemoryManager(Options options) : options_(options) {}
  MemoryManager(const MemoryManager&) = delete;
  MemoryManager& operator=(const MemoryManager&) = delete;

  /// Before any task asks.
  void set_make_room(MakeRoom make_room) { make_room_ = std::move(make_room); }
  const Options& options() const { return options_; }

  /// The task uses memory from now on: it counts as one of the N. Returns the most that it may have
  /// as things stand.
  std::uint64_t enter(Task task);
  /// Grants up to `bytes` more to the task; returns how much. Blocks as said above, unless `stop`
  /// is set (call wake() then).
  std::uint64_t acquire(Task task, std::uint64_t bytes, const std::atomic<bool>& stop);
  void release(Task task, std::uint64_t bytes);
  /// The task is over. Returns what it still had.
  std::uint64_t release_all(Task task);

  /// While a task waits for other tasks it cannot give back: then none waits for memory.
  void pause();
  void resume();
  /// Those who wait look at their stop flags.
  void wake();
  /// Nobody waits any more.
  void close();

  /// Takes so much for a block, when it is free.
  bool acquire_storage(std::uint64_t bytes);
  void release_storage(std::uint64_t bytes);
  /// The most that storage could have beside what execution uses.
  std::uint64_t storage_limit() const;
  std::uint64_t free() const;
  std::uint64_t storage_used() const;
  std::uint64_t execution_used() const;
  std::uint64_t execution_used(Task task) const;

 private:
  std::uint64_t free_now() const { return options_.bytes - execution_ - storage_; }
  std::uint64_t most_per_task() const;
  std::uint64_t grant(Task task, std::uint64_t bytes);

  const Options options_;
  MakeRoom make_room_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t execution_ = 0;
  std::uint64_t storage_ = 0;
  std::map<Task, std::uint64_t> tasks_;  ///< what each has
  std::uint64_t paused_ = 0;             ///< tasks
  bool closed_ = false;
};

/// Storage memory that is given back with its owner.
class StorageReservation {
 public:
  StorageReservation() = default;
  explicit StorageReservation(MemoryManager* memory) : memory_(memory) {}
  StorageReservation(StorageReservation&& other) noexcept
      : memory_(other.memory_), bytes_(std::exchange(other.bytes_, 0)) {}
  StorageReservation& operator=(StorageReservation&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  StorageReservation(const StorageReservation&) = delete;
  StorageReservation& operator=(const StorageReservation&) = delete;
  ~StorageReservation() { shrink(0); }

  std::uint64_t bytes() const { return bytes_; }
  /// Whether it holds so much now; only what is free is taken.
  bool reach(std::uint64_t bytes) {
    if (bytes <= bytes_) return true;
    if (memory_ != nullptr && !memory_->acquire_storage(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }
  void shrink(std::uint64_t bytes) {
    if (bytes >= bytes_) return;
    if (memory_ != nullptr) memory_->release_storage(bytes_ - bytes);
    bytes_ = bytes;
  }

 private:
  MemoryManager* memory_ = nullptr;  ///< null: as much as wanted
  std::uint64_t bytes_ = 0;
};

}  // namespace volley::storage
