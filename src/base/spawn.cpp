#include "base/spawn.hpp"

#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace volley::base {

SpawnPlan::SpawnPlan() {
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
}

SpawnPlan::~SpawnPlan() {
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
}

std::vector<std::string> merged_environment(const std::vector<std::string>& extra) {
  const auto name = [](std::string_view entry) { return entry.substr(0, entry.find('=')); };
  std::vector<std::string> merged = extra;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool replaced = std::any_of(extra.begin(), extra.end(), [&](const std::string& mine) {
      return name(mine) == name(*entry);
    });
    if (!replaced) merged.emplace_back(*entry);
  }
  return merged;
}

std::vector<char*> c_strings(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (auto& each : strings) list.push_back(each.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace volley::base
