#pragma once
// FileMapping: a read-only mapping of a part of a regular file for one sequential pass. It brings
// pages in window by window and drops them behind, so that a pass over any file keeps a few MiB
// resident. Dropped bytes stay readable: they come back from the page cache.

#include "base/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace volley::io {

/// Opens a file for reading and checks that it still has the planned size. Throws IoError,
/// MissingFile when it is gone.
base::Fd open_planned(const std::string& path, std::uint64_t planned_size);

class FileMapping {
 public:
  static constexpr std::size_t window = std::size_t{2} << 20U;

  /// Maps bytes [from, size) of a file of `size` bytes, from < size. Throws IoError.
  FileMapping(const std::string& path, std::uint64_t from, std::uint64_t size);
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;
  ~FileMapping();

  const char* begin() const { return begin_; }
  const char* end() const { return end_; }

  /// Brings in one window from `at` on and drops what lies more than a window behind. Throws
  /// IoError when the file no longer has its size: reading on would be a SIGBUS or a wrong answer.
  void advance(const char* at);

 private:
  void check_size() const;

  std::string path_;
  std::uint64_t size_;
  base::Fd file_;
  char* map_ = nullptr;  ///< page-aligned, at or before begin_
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  std::size_t dropped_ = 0;  ///< bytes from map_ on that were given back
};

}  // namespace volley::io
