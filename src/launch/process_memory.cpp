#include "launch/process_memory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace volley::launch {
namespace {

using base::read_proc;
using worker::ProcessMemory;

constexpr std::uint64_t kibibyte = 1024;

/// The number after `name` at the start of a line; 0 when there is none.
std::uint64_t field(const std::string& text, const std::string& name) {
  const auto at = text.rfind(name, 0) == 0 ? 0 : text.find("\n" + name);
  if (at == std::string::npos) return 0;
  std::istringstream rest(text.substr(text.find(name, at) + name.size(), 64));
  std::uint64_t number = 0;
  rest >> number;
  return number;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// A line such as "7f0000000000-7f0000001000 rw-s 00000000 00:01 1029   /memfd:x (deleted)".
bool parse_header(const std::string& line, Mapping& mapping) {
  std::uint64_t begin = 0, end = 0, inode = 0;
  unsigned device_major = 0, device_minor = 0;
  char permissions[8] = {};
  int path = 0;
  if (line.empty() || !is_hex(line[0])) return false;
  const int found = std::sscanf(line.c_str(), "%lx-%lx %7s %*x %x:%x %lu %n", &begin, &end,
                                permissions, &device_major, &device_minor, &inode, &path);
  if (found < 6) return false;
  mapping = {};
  mapping.bytes = end - begin;
  mapping.shared = permissions[3] == 's';
  if (inode != 0) mapping.file = {::gnu_dev_makedev(device_major, device_minor), inode};
  mapping.path = line.substr(std::min(line.size(), static_cast<std::size_t>(path)));
  return true;
}

/// Cheap, and never too low.
std::uint64_t upper_bound(std::int64_t pid, const std::set<FileIdentity>& arena, bool& alive) {
  const std::string status = read_proc(fmt::format("/proc/{}/status", pid));
  alive = status.find("\nVmRSS:") != std::string::npos;
  if (!alive) return 0;
  std::uint64_t mapped = 0;
  for (const Mapping& mapping : parse_mappings(read_proc(fmt::format("/proc/{}/maps", pid)))) {
    if (counts_as_shared(mapping, arena)) mapped += mapping.bytes;
  }
  const std::uint64_t shared = field(status, "RssShmem:") * kibibyte;
  return field(status, "RssAnon:") * kibibyte + std::min(shared, mapped);
}

std::uint64_t exactly(std::int64_t pid, const std::set<FileIdentity>& arena) {
  std::uint64_t bytes = 0;
  for (const Mapping& mapping : parse_mappings(read_proc(fmt::format("/proc/{}/smaps", pid)))) {
    if (counts_as_shared(mapping, arena)) {
      bytes += mapping.proportional;
    } else if (!mapping.shared) {
      bytes += std::min(mapping.proportional, mapping.anonymous);
    }
  }
  return bytes;
}

/// The cgroup of this process in the hierarchy with that prefix in /proc/self/cgroup.
std::string own_cgroup(const std::string& hierarchy) {
  std::istringstream lines(read_proc("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(hierarchy);
    if (at != std::string::npos) return line.substr(at + hierarchy.size());
  }
  return {};
}

}  // namespace

FileIdentity identity_of(int descriptor) {
  struct stat about {};
  if (descriptor < 0 || ::fstat(descriptor, &about) != 0) return {};
  return {about.st_dev, about.st_ino};
}

std::vector<Mapping> parse_mappings(const std::string& text) {
  std::vector<Mapping> mappings;
  std::istringstream lines(text);
  Mapping next;
  for (std::string line; std::getline(lines, line);) {
    if (parse_header(line, next)) {
      mappings.push_back(next);
    } else if (!mappings.empty() && line.starts_with("Pss:")) {
      mappings.back().proportional = field(line, "Pss:") * kibibyte;
    } else if (!mappings.empty() && line.starts_with("Anonymous:")) {
      mappings.back().anonymous = field(line, "Anonymous:") * kibibyte;
    }
  }
  return mappings;
}

bool counts_as_shared(const Mapping& mapping, const std::set<FileIdentity>& arena) {
  if (!mapping.shared || arena.contains(mapping.file)) return false;
  return mapping.path.starts_with("/memfd:") || mapping.path.starts_with("/dev/shm/") ||
         mapping.path.starts_with("/dev/zero") || mapping.path.starts_with("/SYSV");
}

std::vector<ProcessMemory> measure_processes(const std::vector<std::int64_t>& processes,
                                             const std::set<FileIdentity>& arena,
                                             std::uint64_t limit) {
  std::vector<ProcessMemory> measured;
  std::uint64_t sum = 0;
  for (const std::int64_t pid : processes) {
    bool alive = false;
    const std::uint64_t bytes = upper_bound(pid, arena, alive);
    if (!alive) continue;
    measured.push_back({pid, bytes});
    sum += bytes;
  }
  if (sum <= limit) return measured;
  for (ProcessMemory& process : measured) process.bytes = exactly(process.pid, arena);
  return measured;
}

std::uint64_t kernel_memory_kills() {
  const std::string events = read_proc("/sys/fs/cgroup" + own_cgroup("0::") + "/memory.events");
  if (!events.empty()) return field(events, "oom_kill ");
  const std::string control =
      read_proc("/sys/fs/cgroup/memory" + own_cgroup(":memory:") + "/memory.oom_control");
  if (control.find("\noom_kill ") != std::string::npos) return field(control, "oom_kill ");
  return field(read_proc("/proc/vmstat"), "oom_kill ");
}

}  // namespace volley::launch
