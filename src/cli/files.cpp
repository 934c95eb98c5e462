// The real file system behind Files.
#include "cli/parse_run.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace volley::cli {
namespace {

std::string problem_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::strerror(errno);
  if (S_ISDIR(status.st_mode)) return "is a directory, not an application";
  if (!S_ISREG(status.st_mode)) return "is not a file";
  if (::access(path.c_str(), R_OK) != 0) return "cannot be read (chmod +r)";
  if (!path.ends_with(".so") && ::access(path.c_str(), X_OK) != 0) {
    return "is not executable (chmod +x)";
  }
  return {};
}

}  // namespace

Files Files::real() {
  Files files;
  files.exists = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
  };
  files.application_problem = problem_of;
  files.prefix = config::installation_prefix();
  return files;
}

}  // namespace volley::cli
