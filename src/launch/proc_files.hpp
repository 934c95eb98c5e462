#pragma once
// Reading /proc, where a file's process may end between any two calls: then there is nothing to
// read, and that is no error.

#include <filesystem>
#include <string>
#include <system_error>

namespace volley::launch {

/// The file's text; what there was of it when reading failed.
std::string read_proc(const std::filesystem::path& path);

/// visit(entry) for the entries of a directory, as far as it can be read.
template <class Visit>
void for_each_entry(const std::filesystem::path& directory, Visit&& visit) {
  std::error_code error;
  std::filesystem::directory_iterator at(directory, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) visit(*at);
}

}  // namespace volley::launch
