#pragma once
// TaskContext: what a task's code can know of the task that it runs in, and have called when it
// ends. Only on the thread that the task's function was called on, and only until that returns.

#include "program/task_context.hpp"

#include <volley/error.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace volley {

class TaskContext {
 public:
  /// Of the calling task. Throws IllegalState where no task runs, in the program for example.
  static TaskContext get() {
    if (program::TaskContext* task = program::TaskContext::current()) return TaskContext(*task);
    throw IllegalState("TaskContext::get() was called where no task runs");
  }
  static bool is_task() { return program::TaskContext::current() != nullptr; }

  std::uint32_t partition_id() const { return task_->partition(); }
  std::uint32_t stage_id() const { return task_->attempt().stage; }
  /// How often the stage began before, because an input was lost.
  std::uint32_t stage_attempt_number() const { return task_->attempt().stage_attempt; }
  /// How often the task was tried before, in this attempt of its stage.
  std::uint32_t attempt_number() const { return task_->attempt().attempt; }
  /// Unique among all attempts of all tasks of the application.
  std::uint64_t task_attempt_id() const { return task_->attempt().task; }
  /// Whether the driver does not want the task any more: the next batch of records ends it.
  bool is_interrupted() const { return task_->stop_flag().load(std::memory_order_relaxed); }
  /// What Context::set_local_property said before the job; empty when it did not.
  std::string local_property(const std::string& key) const {
    for (const auto& [name, value] : task_->plan().binary().properties) {
      if (name == key) return value;
    }
    return {};
  }

  /// Called when the task ends, however it does; the last to register first, all of them even if
  /// some throw, which fails the task. At once when the task has ended.
  TaskContext& add_task_completion_listener(std::function<void()> listener) {
    task_->listeners().add_completion(std::move(listener));
    return *this;
  }
  /// Called with the error's text when the task fails, before those of its completion.
  TaskContext& add_task_failure_listener(std::function<void(const std::string&)> listener) {
    task_->listeners().add_failure(std::move(listener));
    return *this;
  }

 private:
  explicit TaskContext(program::TaskContext& task) : task_(&task) {}
  program::TaskContext* task_;
};

}  // namespace volley
