#pragma once
// ContainerProcess: a program started by posix_spawn (an MPI process must never fork) and watched
// through a pidfd. The child gets standard input, output and error, the descriptors handed over by
// number, and nothing else: the MPI library's sockets stay with the rank. Signals are back to their
// defaults and none is blocked. One thread owns it.

#include "base/fd.hpp"
#include "base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace volley::net {

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< meaningful when signal is 0
  int signal = 0;  ///< 0: it exited by itself
  bool core_dumped = false;
  bool operator==(const ExitStatus&) const = default;
  bool success() const { return signal == 0 && code == 0; }
};

/// "exited with code 3", "killed by signal 11 (Segmentation fault)", with ", core dumped" if so.
std::string to_string(const ExitStatus& status);

/// Gives a descriptor of this process to the child under the number `as`.
struct HandedDescriptor {
  int descriptor = -1;
  int as = -1;
};

struct ProcessOptions {
  std::vector<std::string> arguments;  ///< arguments[0] is the program's path; PATH is not searched
  std::vector<std::string>
      environment;  ///< "NAME=value", replacing or adding to this process's own
  std::vector<HandedDescriptor> descriptors;
  bool own_group = false;  ///< signals reach its descendants too, which end with it
};

class ContainerProcess {
 public:
  /// Fails when the program cannot be started, with the reason.
  static base::Result<ContainerProcess> start(const ProcessOptions& options);

  ContainerProcess(ContainerProcess&& other) noexcept;
  ContainerProcess& operator=(ContainerProcess&& other) noexcept;
  ContainerProcess(const ContainerProcess&) = delete;
  ContainerProcess& operator=(const ContainerProcess&) = delete;
  /// Kills and reaps a process that has not been reaped.
  ~ContainerProcess();

  pid_t pid() const { return pid_; }
  /// To poll for reading: readable once the process has ended.
  int descriptor() const { return pidfd_.get(); }
  /// How it ended, or nothing while it runs. Does not block; the same answer ever after.
  std::optional<ExitStatus> reap();
  /// Bytes of memory it held at most, shared pages included; 0 before its end is known.
  std::uint64_t peak_memory() const { return peak_memory_; }
  /// Sends a signal to the process, or to its group when it has its own. Nothing after the end.
  void signal(int number);

 private:
  ContainerProcess(pid_t pid, base::Fd pidfd, bool own_group)
      : pid_(pid), pidfd_(std::move(pidfd)), own_group_(own_group) {}
  std::optional<ExitStatus> wait(int flags);
  void end();

  pid_t pid_ = -1;
  base::Fd pidfd_;
  bool own_group_ = false;
  std::optional<ExitStatus> status_;
  std::uint64_t peak_memory_ = 0;
};

/// For the child, first thing in main: the kernel kills this process when the thread that started
/// it ends. Fails when the expected parent is already gone; the caller should exit then.
base::Status die_with_parent(pid_t expected_parent);

}  // namespace volley::net
