#pragma once
// Log: lines on standard error, one writer per process, made by the composition root and passed
// down. A line is written with one system call, so lines of several processes do not mix.

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace volley::base {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

class Log {
 public:
  /// `who` names the process in every line, for example "rank 0" or "executor 2".
  explicit Log(std::string who, LogLevel level = LogLevel::info, int descriptor = 2)
      : who_(std::move(who)), level_(level), descriptor_(descriptor) {}

  bool enabled(LogLevel level) const { return level >= level_; }
  LogLevel level() const { return level_; }

  /// Writes "<UTC time> <LEVEL> <who> <component>: <text>".
  void write(LogLevel level, std::string_view component, std::string_view text) const;

  template <class... Args>
  void debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(LogLevel::debug)) {
      write(LogLevel::debug, component, fmt::format(format, std::forward<Args>(args)...));
    }
  }
  template <class... Args>
  void info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(LogLevel::info)) {
      write(LogLevel::info, component, fmt::format(format, std::forward<Args>(args)...));
    }
  }
  template <class... Args>
  void warn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(LogLevel::warn)) {
      write(LogLevel::warn, component, fmt::format(format, std::forward<Args>(args)...));
    }
  }
  template <class... Args>
  void error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(LogLevel::error)) {
      write(LogLevel::error, component, fmt::format(format, std::forward<Args>(args)...));
    }
  }

 private:
  std::string who_;
  LogLevel level_;
  int descriptor_;
};

}  // namespace volley::base
