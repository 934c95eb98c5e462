#pragma once
// What a program can catch. what() holds the text that users of Spark know.

#include <stdexcept>
#include <string>

namespace volley {

/// Base of all errors that Volley raises in a program.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// A precondition of an operation does not hold; raised in the driver before any task runs.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};
/// The operation has no meaning for this data ("empty collection").
class UnsupportedOperation : public Error {
 public:
  using Error::Error;
};
/// A job was aborted; the text says which task failed how often and why.
class JobFailed : public Error {
 public:
  using Error::Error;
};
/// A file or directory could not be read or written.
class IoError : public Error {
 public:
  using Error::Error;
};
/// The context is stopped or the call is not possible in its state.
class IllegalState : public Error {
 public:
  using Error::Error;
};

}  // namespace volley
