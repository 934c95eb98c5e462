#pragma once
// Accumulators, untyped: what a task adds to on its thread (TaskAccumulators), and the values in
// the program's process (AccumulatorRegistry). What a task has added travels with its success and
// is counted by the driver role once for each partition of a stage, however often that runs.

#include "protocol/codec.hpp"
#include "protocol/program.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::program {

/// What one task adds. Owned by its TaskContext.
class TaskAccumulators {
 public:
  TaskAccumulators() = default;
  TaskAccumulators(const TaskAccumulators&) = delete;
  TaskAccumulators& operator=(const TaskAccumulators&) = delete;
  ~TaskAccumulators() = default;

  /// This task's part of an accumulator, an A that was zero at first. `counts_failures`: it also
  /// counts when the task fails.
  template <class A>
  A& part(std::uint32_t id, bool counts_failures) {
    if (last_ >= parts_.size() || parts_[last_].id != id) find<A>(id, counts_failures);
    return *static_cast<A*>(parts_[last_].value.get());
  }
  bool any() const { return !parts_.empty(); }
  /// What is to be reported: all that are not zero, or those that count when the task has failed.
  std::vector<protocol::AccumulatorUpdate> take(bool failed);

 private:
  struct Part {
    std::uint32_t id = 0;
    bool counts_failures = false;
    std::shared_ptr<void> value;
    protocol::Bytes (*encode)(const void* value) = nullptr;
    bool (*is_zero)(const void* value) = nullptr;
  };
  template <class A>
  void find(std::uint32_t id, bool counts_failures) {
    for (last_ = 0; last_ < parts_.size(); ++last_) {
      if (parts_[last_].id == id) return;
    }
    parts_.push_back(
        {id, counts_failures, std::make_shared<A>(),
         [](const void* value) { return protocol::encode(*static_cast<const A*>(value)); },
         [](const void* value) { return static_cast<const A*>(value)->is_zero(); }});
  }

  std::vector<Part> parts_;
  std::size_t last_ = 0;
};

/// The value of one accumulator in the program's process.
class HeldAccumulator {
 public:
  HeldAccumulator() = default;
  HeldAccumulator(const HeldAccumulator&) = delete;
  HeldAccumulator& operator=(const HeldAccumulator&) = delete;
  virtual ~HeldAccumulator() = default;
  /// Merges what a task has added. False: those are not bytes of its type. May throw what the
  /// user's merge throws.
  virtual bool merge(std::span<const std::byte> bytes, std::uint32_t stage) = 0;
  /// For the summary: what the stage has added to it, or its value; empty: it has no text.
  virtual std::string text(std::uint32_t stage) const = 0;
};

/// Safe from every thread. User code (add, merge, value) runs under the lock.
class AccumulatorRegistry {
 public:
  /// Returns its id.
  std::uint32_t add(std::unique_ptr<HeldAccumulator> held, std::string name);
  /// Calls `use` with the accumulator; false when there is none with this id.
  template <class Use>
  bool use(std::uint32_t id, Use&& use) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) return false;
    use(*found->second.held);
    return true;
  }
  std::string name(std::uint32_t id) const;

  /// Counts the updates. Returns what is wrong with those that could not be, for the log.
  std::vector<std::string> apply(std::uint32_t stage,
                                 const std::vector<protocol::AccumulatorUpdate>& updates);
  /// How many updates there were so far.
  std::uint64_t applied() const;
  /// "errors 12, lines 1000": what the stage has added to accumulators that have a name.
  std::string summary_of(std::uint32_t stage) const;

 private:
  struct Entry {
    std::unique_ptr<HeldAccumulator> held;
    std::string name;  ///< empty: none
  };
  mutable std::mutex mutex_;
  std::map<std::uint32_t, Entry> entries_;
  std::map<std::uint32_t, std::set<std::uint32_t>> by_stage_;  ///< those with names
  std::uint32_t next_ = 1;
  std::uint64_t applied_ = 0;
};

}  // namespace volley::program
