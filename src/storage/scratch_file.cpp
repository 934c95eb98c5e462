#include "storage/scratch_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace volley::storage {

base::Result<base::Fd> open_scratch_file(const std::string& directory) {
  base::Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) {
    // Not every file system has files that never had a name.
    std::string path = directory + "/volley-scratch-XXXXXX";
    file = base::Fd(::mkostemp(path.data(), O_CLOEXEC));
    if (file) ::unlink(path.c_str());
  }
  if (!file) {
    return base::Failure{
        fmt::format("cannot make a scratch file in {}: {}; set volley.local.dir to a writable "
                    "directory on a disk of the node",
                    directory, std::strerror(errno))};
  }
  return file;
}

std::string scratch_file_name(int descriptor) {
  std::string name(PATH_MAX, '\0');
  const std::string link = fmt::format("/proc/self/fd/{}", descriptor);
  const ssize_t length = ::readlink(link.c_str(), name.data(), name.size());
  name.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return name;
}

std::uint64_t free_space(const std::string& directory) {
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace volley::storage
