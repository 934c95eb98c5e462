#include "launch/recovery_state.hpp"

#include "program/recovery.hpp"
#include "protocol/codec.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <vector>

namespace volley::launch {
namespace {

namespace fs = std::filesystem;

/// What tells applications apart.
struct Identity {
  std::uint64_t build = 0;
  std::string name;
  std::string directory;
  std::vector<std::string> arguments;
  std::vector<std::string> files;
};

/// The entries of volley.files, each with its size and time.
std::vector<std::string> describe_files(std::string_view list) {
  std::vector<std::string> files;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string entry(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    struct stat status {};
    const bool there = ::stat(entry.substr(0, entry.find('#')).c_str(), &status) == 0;
    files.push_back(fmt::format("{} {} {}.{}", entry, there ? status.st_size : 0,
                                there ? status.st_mtim.tv_sec : 0,
                                there ? status.st_mtim.tv_nsec : 0));
  }
  return files;
}

std::string file_name_of(std::string name) {
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
  return name.substr(0, 64);
}

}  // namespace

base::Result<RecoveryState> open_recovery(const RunRequest& request, std::uint64_t build_id) {
  RecoveryState state;
  const std::string parent = request.configuration.text("volley.recovery.dir");
  if (parent.empty()) return state;
  const Identity identity{build_id, request.configuration.text("volley.app.name"),
                          fs::current_path().string(), request.arguments,
                          describe_files(request.configuration.text("volley.files"))};
  const auto bytes = protocol::encode(identity);
  const std::string name = fmt::format("{}-{:016x}", file_name_of(identity.name),
                                       XXH3_64bits(bytes.data(), bytes.size()));
  state.directory = (fs::absolute(parent).lexically_normal() / name).string();
  state.finished = program::finished_with(state.directory);
  if (state.finished) return state;
  if (const auto made = program::create_recovery(state.directory); !made) return made.failure();
  return state;
}

}  // namespace volley::launch
