#pragma once
// IoError: reading or writing a file failed inside a task. It travels as an exception because it
// ends the task; planning and committing on the driver return Result instead.

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace volley::io {

/// what() names the file, what was being done and the system's reason.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The file is not there, or not any more.
class MissingFile : public IoError {
 public:
  using IoError::IoError;
};

/// The text of an errno value.
inline std::string error_text(int error) { return std::generic_category().message(error); }

/// "<what> <path>: <reason>", for example "cannot write out/part-00000: No space left on device".
inline std::string describe_error(std::string_view what, std::string_view path, int error) {
  return fmt::format("{} {}: {}", what, path, error_text(error));
}

}  // namespace volley::io
