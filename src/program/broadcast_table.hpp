#pragma once
// BroadcastTable: the broadcasts that tasks of one executor process have asked for. The first task
// to ask for one has it located on the node, others wait with it; after that it is there for all of
// them, until the driver wants it to go. A copy that a task holds stays readable. Safe from every
// thread.

#include "program/broadcast_copy.hpp"
#include "protocol/broadcast_messages.hpp"
#include "storage/node_arena.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace volley::program {

class BroadcastTable {
 public:
  /// Called without a lock, from any thread.
  struct Hooks {
    std::function<void(std::uint32_t number)> ask;
    /// No task reads the copy any more that `holder` had located.
    std::function<void(std::uint32_t number, base::Rank holder)> let_go;
  };
  BroadcastTable(const storage::NodeArena& arena, Hooks hooks)
      : arena_(arena), hooks_(std::move(hooks)) {}
  BroadcastTable(const BroadcastTable&) = delete;
  BroadcastTable& operator=(const BroadcastTable&) = delete;
  ~BroadcastTable();

  /// Blocks until the broadcast is located; null once `stop` is set or the table is shut down.
  /// Throws std::runtime_error when it cannot be had.
  std::shared_ptr<const BroadcastCopy> get(std::uint32_t number, const std::atomic<bool>& stop);
  /// The answer to an ask, from `holder`.
  void located(const protocol::BroadcastLocated& message, base::Rank holder);
  /// Later tasks have to ask again.
  void release(std::uint32_t number);
  /// Somebody's stop flag was set.
  void wake();
  /// No answers will come, and nothing is told any more.
  void shut_down();

 private:
  struct Entry {
    std::shared_ptr<const BroadcastCopy> copy;
    std::string error;
    std::size_t waiting = 0;  ///< threads
    bool asked = false;
  };

  std::shared_ptr<const BroadcastCopy> make_copy(const protocol::BroadcastLocated& message,
                                                 base::Rank holder);
  void note_gone(std::uint32_t number, base::Rank holder);

  const storage::NodeArena& arena_;
  Hooks hooks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> over_{false};
  std::map<std::uint32_t, Entry> entries_;
};

}  // namespace volley::program
