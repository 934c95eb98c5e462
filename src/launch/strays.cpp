#include "launch/strays.hpp"

#include "base/proc_files.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iterator>

namespace volley::launch {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int look_milliseconds = 10;

std::set<pid_t> children() {
  const base::ProcessTree tree = base::read_process_tree();
  const auto [begin, end] = tree.equal_range(::getpid());
  std::set<pid_t> found;
  for (auto at = begin; at != end; ++at) found.insert(static_cast<pid_t>(at->second));
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
