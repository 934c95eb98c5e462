#pragma once
// RunningTask: what a function of map_partitions_with_task can ask and tell about the task that it
// runs in. Valid during that call, on its thread.

#include "program/task_context.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace volley {

class RunningTask {
 public:
  RunningTask(program::TaskContext& context, std::uint32_t partition, std::uint32_t partitions)
      : context_(context), partition_(partition), partitions_(partitions) {}
  RunningTask(const RunningTask&) = delete;
  RunningTask& operator=(const RunningTask&) = delete;

  /// Of the RDD that the operation makes.
  std::uint32_t partition_id() const { return partition_; }
  std::uint32_t num_partitions() const { return partitions_; }
  std::uint32_t stage_id() const { return context_.attempt().stage; }
  /// How often the stage, and the task in it, began before.
  std::uint32_t stage_attempt_number() const { return context_.attempt().stage_attempt; }
  std::uint32_t attempt_number() const { return context_.attempt().attempt; }
  /// Of this attempt, within the application.
  std::uint64_t task_attempt_id() const { return context_.attempt().task; }
  /// Whether the task was asked to stop.
  bool is_interrupted() const { return context_.stop_flag().load(std::memory_order_relaxed); }
  /// As the thread of the program that ran the action set it: Context::set_local_property.
  std::optional<std::string> local_property(const std::string& key) const {
    for (const auto& [name, value] : context_.plan().binary().properties) {
      if (name == key) return value;
    }
    return std::nullopt;
  }

  /// f() when the task ends, however it does. Listeners are called in the reverse order of being
  /// added, all of them; what they throw makes a task fail that would have succeeded.
  void add_completion_listener(std::function<void()> f) {
    context_.listeners().add_completion(std::move(f));
  }
  /// f(error) when the task fails or is stopped.
  void add_failure_listener(std::function<void(const std::string& error)> f) {
    context_.listeners().add_failure(std::move(f));
  }

 private:
  program::TaskContext& context_;
  std::uint32_t partition_;
  std::uint32_t partitions_;
};

}  // namespace volley
