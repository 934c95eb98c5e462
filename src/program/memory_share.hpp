#pragma once
// MemoryShare: what one table or buffer of a task may hold of its executor's memory. It asks for
// more as the table grows; when it gets no more, the table goes to disk and gives back. Belongs to
// the task's thread.
//
// The most that a task gets is what there is for it when all slots are busy and blocks use what is
// protected for them, if the program keeps any. So it does not depend on what else runs just then
// whether a table goes to disk, and with it the order of results and the last bits of sums: a
// partition that is computed again is the same as before.

#include "program/task_context.hpp"
#include "storage/memory_manager.hpp"

#include <cstdint>
#include <utility>

namespace volley::program {

class MemoryShare {
 public:
  /// So much and no more. NOLINTNEXTLINE(google-explicit-constructor): a limit is a share.
  MemoryShare(std::uint64_t limit) : allowed_(limit), limit_(limit) {}
  /// Of what the context's executor has; of a fixed TaskServices::task_memory() when it has none to
  /// share.
  explicit MemoryShare(TaskContext& context);
  MemoryShare(MemoryShare&& other) noexcept
      : context_(std::exchange(other.context_, nullptr)),
        granted_(std::exchange(other.granted_, 0)),
        floor_(other.floor_),
        allowed_(other.allowed_),
        limit_(other.limit_),
        most_(other.most_) {}
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;
  ~MemoryShare() { give_back(); }

  /// The most that it could have alone; for plans, not a promise.
  std::uint64_t limit() const { return limit_; }
  /// Whether it may hold so many bytes in all. May wait for memory; throws TaskStopped.
  bool reach(std::uint64_t bytes) { return bytes <= allowed_ || grow(bytes); }
  /// The table is empty again.
  void give_back();

 private:
  bool grow(std::uint64_t bytes);

  TaskContext* context_ = nullptr;  ///< null: a fixed limit
  std::uint64_t granted_ = 0;
  std::uint64_t floor_ = 0;
  std::uint64_t allowed_ = 0;  ///< the larger of both
  std::uint64_t limit_ = 0;
  std::uint64_t most_ = 0;  ///< of the task, in all of its shares
};

}  // namespace volley::program
