#pragma once
// RecordReader: the bytes of one split of a source of binary records, for one task, in pieces of
// whole records. Pieces point into the file's mapping and stay readable while the reader lives.
// Failures (the file is gone or changed its size) throw IoError.

#include "io/binary_input.hpp"
#include "io/file_mapping.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace volley::io {

class RecordReader {
 public:
  /// `record_size`: as planned.
  RecordReader(const BinarySplit& split, std::size_t record_size);
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  /// The next records; empty at the end of the split. The first byte of a piece is as far from a
  /// page border as it is in the file.
  std::span<const char> next();

 private:
  std::size_t piece_;  ///< bytes
  std::size_t rest_;
  std::optional<FileMapping> mapping_;  ///< none for an empty split
  const char* cursor_ = nullptr;
};

}  // namespace volley::io
