#include "program/added_files.hpp"

#include "base/units.hpp"
#include "exchange/checksum.hpp"
#include "io/io_error.hpp"
#include "io/whole_file.hpp"

#include <volley/error.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace volley::program {

std::vector<NodeFile> node_files() {
  const char* listed = std::getenv("VOLLEY_NODE_FILES");  // "name=path" lines
  std::string_view rest = listed == nullptr ? "" : listed;
  std::vector<NodeFile> files;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto equals = line.rfind('=');
    if (equals == std::string_view::npos) continue;
    files.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return files;
}

std::vector<std::byte> AddedFiles::read(const std::string& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  if (std::filesystem::is_directory(status)) {
    throw InvalidArgument(fmt::format(
        "add_file: {} is a directory: add its files one by one, or an archive of them", path));
  }
  const std::uint64_t size = problem ? 0 : std::filesystem::file_size(path, problem);
  if (problem) throw IoError(fmt::format("add_file: cannot read {}: {}", path, problem.message()));
  if (size > largest) {
    throw InvalidArgument(fmt::format(
        "add_file: {} has {}, and {} is the most: leave it where all nodes can read it, and open "
        "it there",
        path, base::format_bytes(size), base::format_bytes(largest)));
  }
  auto bytes = io::read_whole_file(path);
  if (!bytes) {
    throw IoError(io::describe_error("add_file: cannot read", path, errno));
  }
  return std::move(*bytes);
}

AddedFiles::Content AddedFiles::content_of(const std::vector<std::byte>& bytes) {
  return {bytes.size(), exchange::checksum_of(bytes)};
}

void AddedFiles::add(const std::string& path, const Broadcast& broadcast) {
  const std::vector<std::byte> bytes = read(path);
  const Content content = content_of(bytes);
  const std::string name = std::filesystem::path(path).filename().string();
  const auto refuse = [&](const std::string& other) {
    throw InvalidArgument(
        fmt::format("add_file: {} is not what the name '{}' already stands for ({}): a file never "
                    "changes while a program runs; add it under another name",
                    path, name, other));
  };
  for (const auto& [given, where] : node_files()) {
    if (given != name) continue;
    const auto held = io::read_whole_file(where);
    if (!held || content_of(*held) != content) refuse("one of --files");
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto known = entries_.find(name);
  if (known != entries_.end()) {
    if (known->second.content != content) refuse(known->second.path);
    return;
  }
  entries_[name] = {std::filesystem::absolute(path).string(), content, broadcast(bytes)};
}

std::vector<protocol::AddedFile> AddedFiles::all() const {
  std::vector<protocol::AddedFile> files;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : entries_) files.push_back({name, entry.broadcast});
  return files;
}

std::optional<std::string> AddedFiles::path_of(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.path);
}

}  // namespace volley::program
