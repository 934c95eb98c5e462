#include "launch/strays.hpp"

#include "launch/proc_files.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <iterator>
#include <sstream>

namespace volley::launch {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int look_milliseconds = 10;

/// The parent in the text of /proc/PID/stat, "PID (name) state PPID ..."; 0 when there is none. The
/// name may hold blanks and parentheses.
pid_t parent_in(const std::string& stat) {
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(stat.substr(name_end + 1));
  char state = 0;
  pid_t parent = 0;
  rest >> state >> parent;
  return parent;
}

std::set<pid_t> children() {
  std::set<pid_t> found;
  const pid_t self = ::getpid();
  for_each_entry("/proc", [&](const auto& entry) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc{} || end != name.data() + name.size()) return;
    if (parent_in(read_proc(entry.path() / "stat")) == self) found.insert(pid);
  });
  return found;
}

}  // namespace

StrayGuard::StrayGuard() : known_(children()) {
  ::prctl(PR_GET_CHILD_SUBREAPER, &before_);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

StrayGuard::~StrayGuard() { ::prctl(PR_SET_CHILD_SUBREAPER, before_); }

std::set<pid_t> StrayGuard::fresh_children() const {
  std::set<pid_t> fresh;
  const std::set<pid_t> now = children();
  std::set_difference(now.begin(), now.end(), known_.begin(), known_.end(),
                      std::inserter(fresh, fresh.end()));
  return fresh;
}

std::size_t StrayGuard::end_all(base::Duration grace) {
  const auto deadline = Clock::now() + grace;
  std::set<pid_t> asked;
  // The children of an ended stray become strays in their turn, so look until there are none.
  for (auto left = fresh_children(); !left.empty(); left = fresh_children()) {
    const bool late = Clock::now() >= deadline;
    for (const pid_t pid : left) {
      if (::waitpid(pid, nullptr, WNOHANG) == pid) continue;
      if (asked.insert(pid).second) ::kill(pid, SIGTERM);
      if (late) ::kill(pid, SIGKILL);
    }
    ::poll(nullptr, 0, look_milliseconds);
  }
  return asked.size();
}

}  // namespace volley::launch
