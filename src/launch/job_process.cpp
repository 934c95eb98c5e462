// run_job: mpirun as a child process, its signals and its end.
#include "base/fd.hpp"
#include "launch/first_rank.hpp"
#include "launch/launcher.hpp"
#include "launch/strays.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace volley::launch {
namespace {

using base::Fd;
using Clock = std::chrono::steady_clock;

constexpr std::array forwarded{SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
/// How often the verdict file is looked for: mpirun's end comes as a signal, the file does not.
constexpr int look_milliseconds = 100;

bool asks_to_stop(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP; }

/// Blocks the launcher's signals, so that they arrive on a descriptor; restores the mask at its
/// end.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : forwarded) sigaddset(&set, signal);
    sigaddset(&set, SIGCHLD);
    // Inherited as ignored, it would make the kernel forget how mpirun ended.
    ::signal(SIGCHLD, SIG_DFL);
    ::sigprocmask(SIG_BLOCK, &set, &before_);
    descriptor_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    VOLLEY_CHECK(descriptor_.get() >= 0, "signalfd: {}", std::strerror(errno));
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() {
    // What came too late for the job must not end the launcher in the middle of its own end.
    signalfd_siginfo late{};
    while (::read(descriptor_.get(), &late, sizeof late) == sizeof late) continue;
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  int descriptor() const { return descriptor_.get(); }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
  Fd descriptor_;
};

std::vector<char*> pointers_to(std::vector<std::string>& lines) {
  std::vector<char*> pointers;
  for (std::string& line : lines) pointers.push_back(line.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// The child between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* command, char* const* environment, const sigset_t& mask,
                         pid_t parent, int errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // The launcher may have died before the request above.
  if (::getppid() != parent) ::_exit(127);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::execve(command[0], command, environment);
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(errors, &error, sizeof error);
  ::_exit(127);
}

struct Child {
  pid_t pid = -1;
  int error = 0;  ///< errno when it could not be started
};

Child start(const Job& job, const sigset_t& mask) {
  std::vector<std::string> words = job.command;
  std::vector<std::string> lines = job.environment.lines();
  const auto command = pointers_to(words);
  const auto environment = pointers_to(lines);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {-1, errno};
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return {-1, errno};
  if (pid == 0) become(command.data(), environment.data(), mask, parent, writing.get());
  writing.reset();
  int error = 0;
  if (::read(reading.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(pid, nullptr, 0);
    return {-1, error};
  }
  return {pid, 0};
}

/// One running job: what has been seen of it so far.
class Watch {
 public:
  Watch(const Job& job, pid_t pid, int signals) : job_(job), pid_(pid), signals_(signals) {}

  JobOutcome until_the_end() {
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) != pid_) {
      std::array entries{pollfd{signals_, POLLIN, 0}, pollfd{first_rank_.get(), POLLIN, 0}};
      ::poll(entries.data(), entries.size(), look_milliseconds);
      pass_signals();
      watch_rank_0(entries[1].revents != 0);
      end_late_job();
    }
    const auto verdict = read_verdict(job_.verdict_file);
    const bool explained =
        verdict || stopped_by_ != 0;  // mpirun kills the ranks when it is stopped
    if (explained || !rank_0_died_) return judge_job(verdict, status, stopped_by_);
    return {70, "the process of rank 0 died, and with it the application"};
  }

 private:
  void pass_signals() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof info) == sizeof info) {
      const int signal = static_cast<int>(info.ssi_signo);
      if (signal == SIGCHLD) continue;
      if (asks_to_stop(signal)) stopped_by_ = signal;
      if (must_forward(info.ssi_code)) ::kill(pid_, signal);
    }
  }

  void watch_rank_0(bool ended) {
    if (ended) {
      first_rank_.reset();
      rank_0_died_ = !read_verdict(job_.verdict_file);
      if (rank_0_died_) deadline_ = Clock::now() + job_.loss_grace;
    } else if (!first_rank_ && !deadline_ && !rank_0_died_) {
      first_rank_ = watch_first_rank(job_.verdict_file);
    }
  }

  /// With the verdict there, what is left is mpirun's business: it may take `grace`, then it is
  /// asked to end, and after as long again it is killed.
  void end_late_job() {
    const auto now = Clock::now();
    if (!deadline_) {
      if (read_verdict(job_.verdict_file)) deadline_ = now + job_.grace;
    } else if (!asked_ && verdict_after_loss(job_.verdict_file)) {
      deadline_ = std::min(*deadline_, now + job_.loss_grace);
    }
    if (deadline_ && now >= *deadline_) {
      ::kill(pid_, asked_ ? SIGKILL : SIGTERM);
      asked_ = true;
      deadline_ = now + job_.grace;
    }
  }

  const Job& job_;
  pid_t pid_;
  int signals_;
  int stopped_by_ = 0;
  bool asked_ = false;
  bool rank_0_died_ = false;
  Fd first_rank_;
  std::optional<Clock::time_point> deadline_;
};

}  // namespace

bool must_forward(int code) { return code != SI_KERNEL; }

JobOutcome run_job(const Job& job) {
  const BlockedSignals signals;
  StrayGuard strays;
  const Child child = start(job, job.mask ? *job.mask : signals.before());
  if (child.pid < 0) {
    return {2, fmt::format("cannot start {}: {}", job.command.front(), std::strerror(child.error))};
  }
  JobOutcome outcome = Watch(job, child.pid, signals.descriptor()).until_the_end();
  strays.end_all(job.stray_grace);
  return outcome;
}

}  // namespace volley::launch
