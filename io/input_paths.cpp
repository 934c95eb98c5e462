#include "io/input_paths.hpp"

#include "io/io_error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace volley::io {
namespace {

using base::Failure;
using base::Result;

bool has_glob(std::string_view path) {
  return path.find_first_of("*?[{\\") != std::string_view::npos;
}

bool is_hidden(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with('.') || name.starts_with('_');
}

/// The matches of one glob, freed with their owner.
struct Matches {
  Matches() = default;
  Matches(const Matches&) = delete;
  Matches& operator=(const Matches&) = delete;
  ~Matches() { ::globfree(&found); }
  glob_t found{};
};

/// Collects files and complaints, so that one run reports everything that is wrong.
class Listing {
 public:
  void add(const std::string& written) {
    auto local = local_path(written);
    if (!local) return complain(local.error());
    if (has_glob(local.value())) return add_glob(written, local.value());
    add_path(local.value(), written);
  }

  Result<std::vector<InputFile>> finish() && {
    if (complaints_.empty()) return std::move(files_);
    return Failure{fmt::format("{}", fmt::join(complaints_, "\n"))};
  }

 private:
  void complain(std::string text) { complaints_.push_back(std::move(text)); }
  void complain_about(std::string_view path, int error) {
    if (error == ENOENT || error == ENOTDIR) {
      complain(fmt::format("Input path does not exist: {}", path));
    } else {
      complain(fmt::format("Input path cannot be read: {}: {}", path, error_text(error)));
    }
  }

  void add_glob(const std::string& written, const std::string& pattern) {
    Matches matches;
    const int flags = GLOB_BRACE | GLOB_NOSORT | GLOB_ERR;
    const int outcome = ::glob(pattern.c_str(), flags, nullptr, &matches.found);
    if (outcome != 0 && outcome != GLOB_NOMATCH) return complain_about(written, errno);
    std::vector<std::string> paths(matches.found.gl_pathv,
                                   matches.found.gl_pathv + matches.found.gl_pathc);
    std::erase_if(paths, is_hidden);
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    if (paths.empty()) return complain(fmt::format("Input Pattern {} matches 0 files", written));
    for (const std::string& path : paths) add_path(path, path);
  }

  void add_path(const std::string& path, std::string_view written) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return complain_about(written, errno);
    if (S_ISDIR(status.st_mode)) {
      add_directory(path);
    } else {
      add_file(path, status);
    }
  }

  void add_directory(const std::string& path) {
    std::error_code error;
    std::vector<std::string> children;
    for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      if (!is_hidden(entry->path().native())) children.push_back(entry->path().native());
    }
    if (error) return complain_about(path, error.value());
    std::sort(children.begin(), children.end());
    for (const std::string& child : children) {
      struct stat status {};
      if (::stat(child.c_str(), &status) != 0) {
        complain_about(child, errno);
      } else {
        add_file(child, status);
      }
    }
  }

  void add_file(const std::string& path, const struct stat& status) {
    if (S_ISDIR(status.st_mode)) {
      complain(
          fmt::format("Not a file: {} (a directory is not read recursively: name this one itself, "
                      "or use a glob such as {}/*)",
                      path, path));
    } else if (!S_ISREG(status.st_mode)) {
      complain(fmt::format("Not a file: {} (only regular files can be read in parts)", path));
    } else if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) {
      complain_about(path, errno);
    } else {
      files_.push_back({path, static_cast<std::uint64_t>(status.st_size),
                        status.st_mtim.tv_sec * std::int64_t{1000000000} + status.st_mtim.tv_nsec});
    }
  }

  std::vector<InputFile> files_;
  std::vector<std::string> complaints_;
};

}  // namespace

Result<std::string> local_path(std::string_view path) {
  const std::string_view written = path;
  if (path.starts_with("file:///")) {
    path.remove_prefix(7);
  } else if (path.starts_with("file:/") && !path.starts_with("file://")) {
    path.remove_prefix(5);
  } else if (path.find("://") < path.find('/')) {
    return Failure{
        fmt::format("Cannot open {}: only files can be read and written (a plain path or "
                    "file:///path); copy the data to a file system that all nodes see",
                    written)};
  }
  if (path.empty()) return Failure{"Can not create a Path from an empty string"};
  // Not canonical: symbolic links and globs stay as written.
  std::error_code error;
  const auto absolute = std::filesystem::absolute(std::filesystem::path(path), error);
  if (error) return Failure{fmt::format("Cannot open {}: {}", written, error.message())};
  std::string text = absolute.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::vector<std::string> split_path_list(std::string_view paths) {
  std::vector<std::string> pieces(1);
  int depth = 0;
  for (const char c : paths) {
    if (c == '{') ++depth;
    if (c == '}' && depth > 0) --depth;
    if (c == ',' && depth == 0) {
      pieces.emplace_back();
    } else {
      pieces.back() += c;
    }
  }
  return pieces;
}

Result<std::vector<InputFile>> list_input_files(std::string_view paths) {
  Listing listing;
  for (const std::string& path : split_path_list(paths)) listing.add(path);
  return std::move(listing).finish();
}

}  // namespace volley::io
