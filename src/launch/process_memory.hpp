#pragma once
// What processes hold of the node's memory, read from /proc. Of a process count its anonymous pages
// and its part of the shared memory that it maps, but not the node's arena, which is found by its
// inodes, and not files: the kernel drops their pages when it needs them.
//
// A look comes in two kinds. The cheap one (status, maps) gives an upper bound whatever the size of
// the process; only above the limit is smaps read, which walks all pages and is exact.

#include "base/proc_files.hpp"
#include "worker/memory_limit.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace volley::launch {

/// Device and inode of a mapped file.
using FileIdentity = std::pair<std::uint64_t, std::uint64_t>;
/// Of an open descriptor; (0, 0) for none.
FileIdentity identity_of(int descriptor);

struct Mapping {
  std::uint64_t bytes = 0;
  bool shared = false;
  FileIdentity file;  ///< (0, 0): anonymous
  std::string path;
  std::uint64_t proportional = 0;  ///< Pss; from smaps only
  std::uint64_t anonymous = 0;     ///< private pages; from smaps only
};
/// The mappings in the text of /proc/PID/maps or /proc/PID/smaps.
std::vector<Mapping> parse_mappings(const std::string& text);
/// Whether it is shared memory that counts: not a file, not of the arena.
bool counts_as_shared(const Mapping& mapping, const std::set<FileIdentity>& arena);

/// What each process holds; processes that are gone are left out. Exact when the upper bounds
/// together are above `limit`.
std::vector<worker::ProcessMemory> measure_processes(const std::vector<std::int64_t>& processes,
                                                     const std::set<FileIdentity>& arena,
                                                     std::uint64_t limit);

/// How many processes the kernel has killed for want of memory: of this cgroup where it says so,
/// else of the machine. 0 when it says nothing.
std::uint64_t kernel_memory_kills();

}  // namespace volley::launch
