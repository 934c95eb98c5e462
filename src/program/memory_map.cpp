#include "program/memory_map.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace volley::program {
namespace {

std::string describe(const std::string& path, const std::string& permissions) {
  if (path == "[stack]") return "the stack";
  if (path == "[heap]") return "the heap";
  if (path.empty()) return "the heap or a thread's stack";
  const auto slash = path.rfind('/');
  const std::string file = slash == std::string::npos ? path : path.substr(slash + 1);
  const char* kind = permissions.find('x') != std::string::npos   ? "code of "
                     : permissions.find('w') != std::string::npos ? "variables of "
                                                                  : "constants of ";
  return kind + file;
}

}  // namespace

MemoryMap MemoryMap::of_this_process() {
  MemoryMap map;
  std::ifstream in("/proc/self/maps");
  std::string line;
  while (std::getline(in, line)) {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char permissions[8] = {};
    int path_at = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %n", &begin, &end,
                    permissions, &path_at) < 3) {
      continue;
    }
    if (std::strncmp(permissions, "---", 3) == 0) continue;  // reserved, nothing lives there
    const std::string path = static_cast<std::size_t>(path_at) < line.size()
                                 ? line.substr(static_cast<std::size_t>(path_at))
                                 : "";
    map.regions_.push_back({begin, end, describe(path, permissions)});
  }
  return map;
}

std::optional<std::string> MemoryMap::region(std::uint64_t address) const {
  const auto after = std::upper_bound(
      regions_.begin(), regions_.end(), address,
      [](std::uint64_t value, const Region& region) { return value < region.begin; });
  if (after == regions_.begin()) return std::nullopt;
  const Region& candidate = *std::prev(after);
  if (address >= candidate.end) return std::nullopt;
  return candidate.name;
}

std::optional<MemoryMap::Finding> MemoryMap::find_address(
    std::span<const std::byte> captures) const {
  for (std::size_t at = 0; at + sizeof(std::uint64_t) <= captures.size();
       at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, captures.data() + at, sizeof word);
    if (auto name = region(word)) return Finding{at, std::move(*name)};
  }
  return std::nullopt;
}

}  // namespace volley::program
