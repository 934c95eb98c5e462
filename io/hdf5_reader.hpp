#pragma once
// Hdf5Reader: the rows of one split of a dataset, for one task, as the program's elements side by
// side. Pieces whose place is known are read with pread and inflated here, by as many threads at
// once as there are tasks; the rest is read by the HDF5 library, one task of a process at a time.
// Failures (the file is gone, changed its size, or is damaged) throw IoError.

#include "base/fd.hpp"
#include "io/hdf5_input.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace volley::io {

class Hdf5RowSource;

class Hdf5Reader {
 public:
  Hdf5Reader(const Hdf5Split& split, const Hdf5Row& row);
  Hdf5Reader(const Hdf5Reader&) = delete;
  Hdf5Reader& operator=(const Hdf5Reader&) = delete;
  ~Hdf5Reader();

  /// The next rows, valid until the next call; empty at the end.
  std::span<const std::byte> next();
  /// Of the file, so far.
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  std::span<const std::byte> next_plain();
  std::span<const std::byte> next_pieces();
  std::span<const std::byte> next_converted();
  void read_at(std::uint64_t offset, std::span<std::byte> out);
  /// The elements of a piece, as in the file.
  std::span<const std::byte> load(const Hdf5Piece& piece, std::uint64_t bytes);
  void inflate(std::span<const std::byte> packed, std::span<std::byte> out) const;
  void scatter(std::span<const std::byte> piece, std::uint64_t rows, std::uint64_t column);
  [[noreturn]] void damaged(const std::string& how) const;

  const Hdf5Split& split_;
  std::uint64_t memory_bytes_;  ///< of an element
  std::uint64_t row_bytes_;     ///< in memory
  bool plain_ = false;          ///< the file's bytes are the program's
  base::Fd file_;
  std::uint64_t done_ = 0;    ///< rows
  std::uint64_t inside_ = 0;  ///< bytes of a plain piece that were handed out
  std::uint64_t bytes_read_ = 0;
  std::vector<std::byte> rows_;
  std::vector<std::byte> stored_;
  std::vector<std::byte> inflated_;
  std::vector<std::byte> ordered_;
  std::unique_ptr<Hdf5RowSource> rows_source_;  ///< when the library converts
};

}  // namespace volley::io
