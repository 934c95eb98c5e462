#pragma once
// PartialResult: what an approximate action knows when its time is over, and, if one waits for it,
// the exact result. The action goes on meanwhile; it is cancelled when nobody can ask for its
// result any more. Belongs to one thread.

#include <volley/future.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace volley {

/// A number that is known to lie between two others, with the given probability.
struct BoundedDouble {
  double mean = 0;
  double confidence = 0;
  double low = 0;
  double high = 0;
  bool operator==(const BoundedDouble&) const = default;
};

template <class R>
class PartialResult {
 public:
  /// For operations. `estimate()` gives the result as far as `action` has come; it may be called
  /// while that runs.
  PartialResult(std::unique_ptr<Future<void>> action, std::function<R()> estimate,
                std::chrono::milliseconds timeout)
      : action_(std::move(action)), estimate_(std::move(estimate)) {
    final_ = action_->wait_for(timeout);
    if (final_) action_->get();
    initial_ = estimate_();
  }
  PartialResult(PartialResult&&) noexcept = default;
  PartialResult& operator=(PartialResult&&) = delete;
  ~PartialResult() {
    if (action_ && !final_) action_->cancel("because nobody waits for its result any more");
  }

  /// When the time was over, or the action.
  const R& initial_value() const { return initial_; }
  bool is_initial_value_final() const { return final_ && !waited_; }
  /// Waits for the action's end. Throws what it throws: JobFailed, say.
  R final_value() {
    if (!final_) {
      final_ = waited_ = true;
      action_->get();
    }
    return estimate_();
  }

 private:
  std::unique_ptr<Future<void>> action_;
  std::function<R()> estimate_;
  R initial_{};
  bool final_ = false;
  bool waited_ = false;
};

}  // namespace volley
