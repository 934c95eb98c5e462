#include "program/piped_process.hpp"

#include "base/proc_files.hpp"
#include "base/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <stdexcept>

namespace volley::program {
namespace {

constexpr int look_milliseconds = 20;  // between looks at whether the task is to stop

[[noreturn]] void fail(const char* what, int error) {
  throw std::runtime_error(fmt::format("pipe: cannot {}: {}", what, std::strerror(error)));
}

struct Ends {
  base::Fd read;
  base::Fd write;
};
Ends make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("make a pipe", errno);
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

void set_nonblocking(const base::Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

sigset_t only_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

PipedProcess::PipedProcess(const PipeCommand& command, const std::string& scratch, OnLine on_line,
                           std::function<void()> check_stop)
    : arguments_(command.arguments),
      buffer_size_(std::max<std::size_t>(command.buffer_size, 1)),
      on_line_(std::move(on_line)),
      check_stop_(std::move(check_stop)) {
  if (arguments_.empty()) throw std::runtime_error("pipe: there is no command");
  if (command.separate_working_dir) {
    directory_ = scratch + "/volley-pipe-XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) fail("make a working directory", errno);
  }
  const sigset_t pipe_signal = only_sigpipe();
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &earlier_mask_);
  try {
    start(command);
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &earlier_mask_, nullptr);
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
    throw;
  }
}

void PipedProcess::start(const PipeCommand& command) {
  Ends input = make_pipe();
  Ends output = make_pipe();
  base::SpawnPlan plan;
  ::posix_spawn_file_actions_adddup2(&plan.actions, input.read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.actions, output.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, STDERR_FILENO + 1);
  if (!directory_.empty()) {
    ::posix_spawn_file_actions_addchdir_np(&plan.actions, directory_.c_str());
  }
  const sigset_t pipe_signal = only_sigpipe();
  sigset_t nothing;
  sigemptyset(&nothing);
  ::posix_spawnattr_setsigmask(&plan.attributes, &nothing);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &pipe_signal);
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> extra;
  for (const auto& [name, value] : command.environment) extra.push_back(name + "=" + value);
  auto environment = base::merged_environment(extra);
  const int error =
      ::posix_spawnp(&pid_, arguments_.front().c_str(), &plan.actions, &plan.attributes,
                     base::c_strings(arguments_).data(), base::c_strings(environment).data());
  if (error != 0) {
    pid_ = -1;
    throw std::runtime_error(fmt::format("Cannot run program \"{}\": {}. Command: {}",
                                         arguments_.front(), std::strerror(error), command_line()));
  }
  pidfd_ = base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  to_child_ = std::move(input.write);
  from_child_ = std::move(output.read);
  set_nonblocking(to_child_);
  set_nonblocking(from_child_);
}

PipedProcess::~PipedProcess() {
  if (pid_ > 0) {
    const auto tree = base::needed_process_tree();
    for (const std::int64_t pid : base::descendants(tree ? &*tree : nullptr, pid_))
      ::kill(static_cast<pid_t>(pid), SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  const sigset_t pipe_signal = only_sigpipe();
  const timespec now{};
  while (::sigtimedwait(&pipe_signal, nullptr, &now) > 0) {
  }
  ::pthread_sigmask(SIG_SETMASK, &earlier_mask_, nullptr);
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::string PipedProcess::command_line() const {
  return fmt::format("{}", fmt::join(arguments_, " "));
}

void PipedProcess::write_line(std::string_view line) {
  if (!to_child_) return;
  output_ += line;
  output_ += '\n';
  if (output_.size() >= buffer_size_) write_all(buffer_size_ / 2);
}

/// Until no more than that is left to be written, or the child takes no more.
void PipedProcess::write_all(std::size_t most_left) {
  write_some();
  while (to_child_ && output_.size() > most_left) {
    wait_for_io();
    read_some();
    write_some();
  }
}

void PipedProcess::wait_for_io() {
  check_stop_();
  std::array<pollfd, 2> wanted{
      {{from_child_.get(), POLLIN, 0}, {output_.empty() ? -1 : to_child_.get(), POLLOUT, 0}}};
  ::poll(wanted.data(), wanted.size(), look_milliseconds);
}

void PipedProcess::write_some() {
  std::size_t written = 0;
  while (to_child_ && written < output_.size()) {
    const ssize_t n = ::write(to_child_.get(), output_.data() + written, output_.size() - written);
    if (n >= 0) {
      written += static_cast<std::size_t>(n);
    } else if (errno == EPIPE) {
      to_child_ = base::Fd();  // it has read enough
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      fail("write to the command", errno);
    }
  }
  output_.erase(0, to_child_ ? written : std::string::npos);
}

void PipedProcess::read_some() {
  std::array<char, 16384> bytes;
  while (from_child_) {
    const ssize_t n = ::read(from_child_.get(), bytes.data(), bytes.size());
    if (n > 0) {
      input_.append(bytes.data(), static_cast<std::size_t>(n));
      emit_lines();
    } else if (n == 0) {
      from_child_ = base::Fd();
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      fail("read from the command", errno);
    }
  }
}

void PipedProcess::emit_lines() {
  std::size_t begin = 0;
  for (auto end = input_.find('\n'); end != std::string::npos; end = input_.find('\n', begin)) {
    std::string_view line(input_.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    begin = end + 1;
    on_line_(line);
  }
  input_.erase(0, begin);
}

int PipedProcess::wait_for_exit() {
  for (;;) {
    check_stop_();
    siginfo_t about{};
    // It keeps its number until what it left behind is gone as well.
    const int flags = WEXITED | WNOWAIT | WNOHANG;
    if (::waitid(P_PID, static_cast<id_t>(pid_), &about, flags) == 0 && about.si_pid != 0) break;
    pollfd wanted{pidfd_.get(), POLLIN, 0};
    ::poll(&wanted, 1, look_milliseconds);
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  constexpr int of_signals = 128;  // as shells say it
  return WIFEXITED(status) ? WEXITSTATUS(status) : of_signals + WTERMSIG(status);
}

void PipedProcess::finish() {
  write_all(0);
  to_child_ = base::Fd();
  while (from_child_) {
    wait_for_io();
    read_some();
  }
  if (!input_.empty()) {
    on_line_(input_);
    input_.clear();
  }
  const int status = wait_for_exit();
  if (status == 0) return;
  throw std::runtime_error(
      fmt::format("Subprocess exited with status {}. Command ran: {}", status, command_line()));
}

}  // namespace volley::program
