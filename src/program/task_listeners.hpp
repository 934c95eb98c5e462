#pragma once
// TaskListeners: what a task's code wants called when the task ends. The last to register is called
// first; all are called even if some throw; one that registers too late is called at once.

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace volley::program {

class TaskListeners {
 public:
  using OnCompletion = std::function<void()>;
  using OnFailure = std::function<void(const std::string& error)>;

  void add_completion(OnCompletion listener);
  /// Called only if the task fails, before those of the completion.
  void add_failure(OnFailure listener);

  /// The task has ended, with an error or without. Once; later calls do nothing. Returns what the
  /// listeners threw, in one text; empty when they did not.
  std::string end(const std::optional<std::string>& error);
  bool ended() const { return ended_; }

 private:
  std::vector<OnCompletion> completions_;
  std::vector<OnFailure> failures_;
  bool ended_ = false;
  std::optional<std::string> error_;
};

}  // namespace volley::program
