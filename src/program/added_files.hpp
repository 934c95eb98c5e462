#pragma once
// AddedFiles: the files that the program has added while it runs, by name. Their bytes go to the
// nodes as broadcasts, once a task there opens one. A name means the same bytes as long as the
// program runs. Safe from every thread.

#include "protocol/program.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace volley::program {

/// A file of --files: its name, and where it can be read on this node.
using NodeFile = std::pair<std::string, std::string>;
/// Those of this process, as its rank has listed them.
std::vector<NodeFile> node_files();

class AddedFiles {
 public:
  static constexpr std::uint64_t largest = 1ULL << 30U;

  /// Makes a broadcast of the bytes and gives its number.
  using Broadcast = std::function<std::uint32_t(std::span<const std::byte>)>;
  /// Nothing when the same content has this name already. Throws IoError when it cannot be read,
  /// InvalidArgument for a directory, a file that is too large, and a name that means other bytes.
  void add(const std::string& path, const Broadcast& broadcast);

  /// By name.
  std::vector<protocol::AddedFile> all() const;
  /// Where the program itself reads it.
  std::optional<std::string> path_of(const std::string& name) const;

 private:
  struct Content {
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;
    bool operator==(const Content&) const = default;
  };
  struct Entry {
    std::string path;
    Content content;
    std::uint32_t broadcast = 0;
  };
  static std::vector<std::byte> read(const std::string& path);
  static Content content_of(const std::vector<std::byte>& bytes);

  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace volley::program
