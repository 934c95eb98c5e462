#include "io/file_mapping.hpp"

#include "base/check.hpp"
#include "io/io_error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#ifndef MADV_POPULATE_READ  // Linux 5.14; older kernels answer EINVAL and fault pages in one by one
#define MADV_POPULATE_READ 22
#endif

namespace volley::io {
namespace {

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}
std::size_t page_floor(std::size_t bytes) { return bytes / page_size() * page_size(); }

[[noreturn]] void fail_changed(const std::string& path, std::uint64_t planned, std::uint64_t now) {
  throw IoError(
      fmt::format("{} changed while it was read: {} bytes when the job was planned, {} now", path,
                  planned, now));
}

std::uint64_t size_of(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw IoError(describe_error("cannot read", path, errno));
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

base::Fd open_planned(const std::string& path, std::uint64_t planned_size) {
  base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) throw MissingFile(describe_error("cannot open", path, errno));
  if (!file) throw IoError(describe_error("cannot open", path, errno));
  const std::uint64_t now = size_of(file.get(), path);
  if (now != planned_size) fail_changed(path, planned_size, now);
  return file;
}

FileMapping::FileMapping(const std::string& path, std::uint64_t from, std::uint64_t size)
    : path_(path), size_(size), file_(open_planned(path, size)) {
  VOLLEY_CHECK(from < size, "from={} size={} path={}", from, size, path);
  const std::uint64_t aligned = page_floor(from);
  void* map = ::mmap(nullptr, size - aligned, PROT_READ, MAP_SHARED, file_.get(),
                     static_cast<off_t>(aligned));
  if (map == MAP_FAILED) throw IoError(describe_error("cannot map", path, errno));
  map_ = static_cast<char*>(map);
  begin_ = map_ + (from - aligned);
  end_ = map_ + (size - aligned);
  ::madvise(map_, size - aligned, MADV_SEQUENTIAL);
}

FileMapping::~FileMapping() { ::munmap(map_, static_cast<std::size_t>(end_ - map_)); }

void FileMapping::check_size() const {
  const std::uint64_t now = size_of(file_.get(), path_);
  if (now != size_) fail_changed(path_, size_, now);
}

void FileMapping::advance(const char* at) {
  check_size();
  const auto length = static_cast<std::size_t>(end_ - map_);
  const auto offset = static_cast<std::size_t>(at - map_);
  const std::size_t behind = page_floor(offset - std::min(offset, window));
  if (behind > dropped_) {
    ::madvise(map_ + dropped_, behind - dropped_, MADV_DONTNEED);
    dropped_ = behind;
  }
  const std::size_t first = page_floor(offset);
  const std::size_t last = std::min(offset + window, length);
  if (::madvise(map_ + first, last - first, MADV_POPULATE_READ) == 0) return;
  // EFAULT stands for what would have been a SIGBUS: a file cut short just now, or a bad disk.
  if (errno == EFAULT) {
    check_size();
    throw IoError(describe_error("cannot read", path_, EIO));
  }
}

}  // namespace volley::io
