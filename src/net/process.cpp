#include "net/process.hpp"

#include "base/spawn.hpp"
#include "net/shared_memory.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace volley::net {

namespace {

void plan_attributes(base::SpawnPlan& plan, bool own_group) {
  int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (own_group) flags |= POSIX_SPAWN_SETPGROUP;
  ::posix_spawnattr_setflags(&plan.attributes, static_cast<short>(flags));
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);
  sigset_t all;
  ::sigfillset(&all);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  // Launchers send USR1 to whole process groups; a container ignores it once it runs.
  sigset_t held;
  ::sigemptyset(&held);
  ::sigaddset(&held, SIGUSR1);
  ::posix_spawnattr_setsigmask(&plan.attributes, &held);
}

/// A source may have the number of another one's target, so all are moved out of the way first.
/// The copies live in `moved` until the child has been started.
base::Status plan_descriptors(base::SpawnPlan& plan, const std::vector<HandedDescriptor>& handed,
                              std::vector<base::Fd>& moved) {
  int highest = 2;
  for (const auto& each : handed) highest = std::max(highest, each.as);
  for (const auto& each : handed) {
    auto copy = duplicate(each.descriptor, highest + 1);
    if (!copy) return copy.failure();
    ::posix_spawn_file_actions_adddup2(&plan.actions, copy.value().get(), each.as);
    moved.push_back(std::move(copy).value());
  }
  for (int number = 3; number <= highest; ++number) {
    const bool wanted = std::any_of(handed.begin(), handed.end(),
                                    [&](const auto& each) { return each.as == number; });
    if (!wanted) ::posix_spawn_file_actions_addclose(&plan.actions, number);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, highest + 1);
  return base::Done{};
}

}  // namespace

std::string to_string(const ExitStatus& status) {
  if (status.signal == 0) return fmt::format("exited with code {}", status.code);
  const char* name = ::sigdescr_np(status.signal);
  return fmt::format("killed by signal {} ({}){}", status.signal, name ? name : "unknown signal",
                     status.core_dumped ? ", core dumped" : "");
}

base::Result<ContainerProcess> ContainerProcess::start(const ProcessOptions& options) {
  VOLLEY_CHECK(!options.arguments.empty(), "a process needs its program's path");
  base::SpawnPlan plan;
  plan_attributes(plan, options.own_group);
  std::vector<base::Fd> moved;
  if (auto planned = plan_descriptors(plan, options.descriptors, moved); !planned) {
    return planned.failure();
  }
  auto arguments = options.arguments;
  auto environment = base::merged_environment(options.environment);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, arguments.front().c_str(), &plan.actions, &plan.attributes,
                    base::c_strings(arguments).data(), base::c_strings(environment).data());
  if (error != 0) return system_failure(fmt::format("start {}", arguments.front()), error);
  base::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const int reason = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return system_failure(fmt::format("watch process {} (pidfd_open)", pid), reason);
  }
  return ContainerProcess(pid, std::move(pidfd), options.own_group);
}

ContainerProcess::ContainerProcess(ContainerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      own_group_(other.own_group_),
      status_(other.status_),
      peak_memory_(other.peak_memory_) {}

ContainerProcess& ContainerProcess::operator=(ContainerProcess&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    own_group_ = other.own_group_;
    status_ = other.status_;
    peak_memory_ = other.peak_memory_;
  }
  return *this;
}

ContainerProcess::~ContainerProcess() { end(); }

void ContainerProcess::end() {
  if (pid_ < 0 || status_) return;
  signal(SIGKILL);
  wait(0);
}

std::optional<ExitStatus> ContainerProcess::wait(int flags) {
  if (status_) return status_;
  siginfo_t about{};
  if (own_group_) {
    // While it is not reaped its number is its group's: what it started ends with it.
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &about, WEXITED | WNOWAIT | flags) !=
               0 &&
           errno == EINTR) {
    }
    if (about.si_pid == 0) return std::nullopt;
    ::kill(-pid_, SIGKILL);
    about = {};
  }
  rusage usage{};
  long result = 0;
  do {  // the C library's waitid has no place for the usage
    result = ::syscall(SYS_waitid, P_PIDFD, pidfd_.get(), &about, WEXITED | flags, &usage);
  } while (result != 0 && errno == EINTR);
  VOLLEY_CHECK(result == 0, "waitid for process {}: {}", pid_, std::strerror(errno));
  if (about.si_pid == 0) return std::nullopt;
  ExitStatus status;
  if (about.si_code == CLD_EXITED) {
    status.code = about.si_status;
  } else {
    status.signal = about.si_status;
    status.core_dumped = about.si_code == CLD_DUMPED;
  }
  peak_memory_ = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  status_ = status;
  return status_;
}

std::optional<ExitStatus> ContainerProcess::reap() { return wait(WNOHANG); }

void ContainerProcess::signal(int number) {
  // Until it is reaped its number belongs to it, so neither call can hit a stranger.
  if (pid_ < 0 || status_) return;
  ::kill(own_group_ ? -pid_ : pid_, number);
}

base::Status die_with_parent(pid_t expected_parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return system_failure("ask to end with the parent process", errno);
  }
  if (::getppid() != expected_parent) {
    return base::Failure{
        fmt::format("the rank that started this container (process {}) is gone", expected_parent)};
  }
  return base::Done{};
}

}  // namespace volley::net
