#pragma once
// PipedProcess: a child process that a task of pipe() talks to: bytes go to its standard input, the
// lines that it prints come back. One thread does both, so that neither side waits for the other
// for ever. It ends with this object, with all of its descendants.

#include "base/fd.hpp"

#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volley::program {

/// What pipe() starts.
struct PipeCommand {
  std::vector<std::string> arguments;  ///< the program first; it is looked for in PATH
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to the executor's
  bool separate_working_dir = false;
  std::uint64_t buffer_size = 8192;  ///< bytes that are collected before they are written
};

class PipedProcess {
 public:
  using OnLine = std::function<void(std::string_view line)>;

  /// `check_stop` throws when the task is to stop; it is called while waiting. A working directory
  /// of its own is made below `scratch`. Throws std::runtime_error when it cannot be started.
  PipedProcess(const PipeCommand& command, const std::string& scratch, OnLine on_line,
               std::function<void()> check_stop);
  PipedProcess(const PipedProcess&) = delete;
  PipedProcess& operator=(const PipedProcess&) = delete;
  ~PipedProcess();

  /// A line to its standard input, with a line end. Nothing once it has closed that.
  void write_line(std::string_view line);
  /// Closes its standard input, reads all it prints, and waits for its end. Throws
  /// std::runtime_error("Subprocess exited with status 1. Command ran: ...") unless that is 0.
  void finish();

 private:
  void start(const PipeCommand& command);
  void write_all(std::size_t most_left);
  void wait_for_io();
  void write_some();
  void read_some();
  void emit_lines();
  int wait_for_exit();
  std::string command_line() const;

  std::vector<std::string> arguments_;
  std::size_t buffer_size_;
  OnLine on_line_;
  std::function<void()> check_stop_;
  std::string directory_;  ///< of its own; empty: none
  sigset_t earlier_mask_{};
  pid_t pid_ = -1;  ///< until it is reaped
  base::Fd pidfd_;
  base::Fd to_child_;
  base::Fd from_child_;
  std::string output_;  ///< to be written
  std::string input_;   ///< read, the last line not complete
};

}  // namespace volley::program
