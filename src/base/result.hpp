#pragma once
// Result: the outcome of something that is expected to fail now and then (a file that is not there,
// a value that does not parse). A bug is a CHECK instead; a user's exception stays an exception.

#include "base/check.hpp"

#include <string>
#include <utility>
#include <variant>

namespace volley::base {

/// Why something failed, in words for the user: what happened, where, and what to do.
struct Failure {
  std::string message;
};

/// A value or a Failure. Look before you take: value() on a failure is a bug.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    VOLLEY_CHECK(ok(), "{}", std::get<1>(state_).message);
    return std::get<0>(state_);
  }
  const T& value() const& {
    VOLLEY_CHECK(ok(), "{}", std::get<1>(state_).message);
    return std::get<0>(state_);
  }
  T&& value() && {
    VOLLEY_CHECK(ok(), "{}", std::get<1>(state_).message);
    return std::get<0>(std::move(state_));
  }
  const std::string& error() const { return std::get<1>(state_).message; }
  Failure failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

struct Done {};
/// The outcome of an action without a value.
using Status = Result<Done>;

}  // namespace volley::base
