#include "program/task_listeners.hpp"

#include <exception>
#include <utility>

namespace volley::program {
namespace {

template <class Listeners, class... Args>
void call_all(Listeners& listeners, std::string& problems, const Args&... args) {
  while (!listeners.empty()) {
    const auto listener = std::move(listeners.back());
    listeners.pop_back();
    try {
      listener(args...);
    } catch (const std::exception& error) {
      problems += (problems.empty() ? "" : "; ") + std::string(error.what());
    } catch (...) {
      problems += (problems.empty() ? "" : "; ") + std::string("no std::exception");
    }
  }
}

}  // namespace

void TaskListeners::add_completion(OnCompletion listener) {
  if (ended_) {
    listener();
  } else {
    completions_.push_back(std::move(listener));
  }
}

void TaskListeners::add_failure(OnFailure listener) {
  if (!ended_) {
    failures_.push_back(std::move(listener));
  } else if (error_) {
    listener(*error_);
  }
}

std::string TaskListeners::end(const std::optional<std::string>& error) {
  if (std::exchange(ended_, true)) return {};
  error_ = error;
  std::string problems;
  if (error) call_all(failures_, problems, *error);
  call_all(completions_, problems);
  return problems;
}

}  // namespace volley::program
