#include "launch/first_rank.hpp"

#include "base/proc_files.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace volley::launch {
namespace {

/// Tells processes apart that have the same number on different machines or at different times:
/// the machine's boot and the process's start, field 22 of its stat.
std::string identity(const std::string& pid) {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  const std::string start = base::stat_field("/proc/" + pid, 22);
  return start.empty() ? start : boot + ' ' + start;
}

std::string file_of(const std::string& verdict_path) { return verdict_path + ".rank0"; }

}  // namespace

void announce_first_rank(const std::string& verdict_path) {
  if (verdict_path.empty()) return;
  const std::string draft = verdict_path + ".rank0.draft";
  const std::string pid = std::to_string(::getpid());
  std::ofstream out(draft);
  out << pid << '\n' << identity(pid) << '\n';
  out.close();
  if (out) static_cast<void>(std::rename(draft.c_str(), file_of(verdict_path).c_str()));
}

base::Fd watch_first_rank(const std::string& verdict_path) {
  std::ifstream in(file_of(verdict_path));
  std::string pid;
  std::string said;
  if (!std::getline(in, pid) || !std::getline(in, said) || said.empty()) return {};
  base::Fd watched(static_cast<int>(::syscall(SYS_pidfd_open, std::atoi(pid.c_str()), 0)));
  // Asked after it was opened: the number cannot have changed hands in between.
  return watched && identity(pid) == said ? std::move(watched) : base::Fd{};
}

}  // namespace volley::launch
