#pragma once
// Writing a dataset from many processes into one HDF5 file. The driver makes the file with all its
// metadata and with a place for every chunk (create_hdf5_layout); then tasks write rows or
// compressed chunks to their places with pwrite. Places do not overlap and rows come from their
// partition alone, so an attempt that is repeated writes the same bytes to the same place.
//
// Plain: each task writes its rows straight into the chunks. Compressed: each task first packs the
// chunks that lie whole in its partition into a part file (io/committing_writer.hpp), and what it
// has of others as it is; the driver packs these, makes the layout for the sizes there are, and
// tasks copy the parts to their places.

#include "base/fd.hpp"
#include "io/committing_writer.hpp"
#include "io/hdf5_file.hpp"
#include "io/hdf5_type.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace volley::io {

/// A dataset that is being written. Travels with the tasks' code.
struct Hdf5Target {
  std::string path;  ///< the file, under its temporary name
  std::uint64_t columns = 1;
  std::uint64_t memory_bytes = 0;   ///< of an element
  std::uint64_t element_bytes = 0;  ///< in the file: without padding
  std::vector<Hdf5Run> runs;        ///< from the file's element to memory's
  std::uint64_t chunk_rows = 1;
  std::int32_t gzip = 0;
  std::vector<std::uint64_t> first_rows;  ///< of each partition, and the end
  std::vector<std::uint64_t> places;      ///< of each chunk in the file; plain only

  std::uint64_t rows() const { return first_rows.back(); }
  std::uint64_t row_bytes() const { return columns * element_bytes; }
  std::uint64_t chunk_bytes() const { return chunk_rows * row_bytes(); }
  std::uint64_t chunks() const { return (rows() + chunk_rows - 1) / chunk_rows; }
};

/// What the dataset will be, besides its rows.
struct Hdf5Creation {
  std::string dataset;
  bool wide = false;  ///< two dimensions
  Hdf5Type type;      ///< of an element in the file
  Hdf5Attributes attributes;
  std::string owner;  ///< noted in the file: which application wrote it
};

/// The program's type as it is in files: without padding, and the runs between both.
Hdf5Type pack_type(const Hdf5Type& type, std::vector<Hdf5Run>& runs);

struct Hdf5Extent {
  std::uint64_t bytes = 0;
  bool packed = false;
};
/// Makes the file with the dataset, and all groups on the way, and returns where its chunks go.
/// `extents`: of each chunk; empty: all are whole and plain. Throws IoError.
std::vector<std::uint64_t> create_hdf5_layout(const Hdf5Target& target,
                                              const Hdf5Creation& creation,
                                              const std::vector<Hdf5Extent>& extents);

/// One partition's rows in the order of the file, chunk by chunk.
class Hdf5RowWriter {
 public:
  Hdf5RowWriter(const Hdf5Target& target, std::uint32_t partition);
  Hdf5RowWriter(const Hdf5RowWriter&) = delete;
  Hdf5RowWriter& operator=(const Hdf5RowWriter&) = delete;
  virtual ~Hdf5RowWriter() = default;

  /// Whole rows, as in memory. Throws IoError when there are more than were counted.
  void add(std::span<const std::byte> rows);
  /// Throws IoError when there are fewer.
  void finish();
  std::uint64_t bytes() const { return (row_ - begin_) * target_.row_bytes(); }

 protected:
  /// Rows of one chunk from this one on: the rest of the chunk, or of the partition.
  virtual void put(std::uint64_t row, std::span<const std::byte> rows) = 0;
  virtual void end() = 0;

  const Hdf5Target& target_;
  const std::uint32_t partition_;
  const std::uint64_t begin_;
  const std::uint64_t end_;

 private:
  void convert(const std::byte* rows, std::uint64_t count);
  void flush();

  bool plain_;              ///< a row in memory is one in the file
  std::uint64_t row_;       ///< the next one
  std::uint64_t buffered_;  ///< the first one in the buffer
  std::vector<std::byte> buffer_;
};

/// Writes rows to their places in the file.
class Hdf5PlaceWriter final : public Hdf5RowWriter {
 public:
  Hdf5PlaceWriter(const Hdf5Target& target, std::uint32_t partition);

 protected:
  void put(std::uint64_t row, std::span<const std::byte> rows) override;
  void end() override;

 private:
  base::Fd file_;
};

/// What a part file of a compressed dataset holds; its list stands at its end.
struct Hdf5PartEntry {
  std::uint64_t chunk = 0;
  std::uint64_t offset = 0;  ///< in the part
  std::uint64_t bytes = 0;
  bool whole = false;           ///< all rows of the chunk; otherwise plain rows of it
  bool packed = false;          ///< compressed; plain where that would not be smaller
  std::uint64_t first_row = 0;  ///< in the chunk
};

/// Packs rows into a part file.
class Hdf5PartPacker final : public Hdf5RowWriter {
 public:
  Hdf5PartPacker(const Hdf5Target& target, std::uint32_t partition, PartWriter& part);

 protected:
  void put(std::uint64_t row, std::span<const std::byte> rows) override;
  void end() override;

 private:
  PartWriter& part_;
  std::vector<Hdf5PartEntry> entries_;
  std::vector<std::byte> packed_;
};

/// The list of a part file. Throws IoError.
std::vector<Hdf5PartEntry> read_hdf5_part(const std::string& path);

/// pwrite of all bytes; throws IoError that names `path`.
void write_at(int file, const std::string& path, std::span<const std::byte> bytes,
              std::uint64_t offset);

/// Bytes that go from one file to another.
struct Hdf5Copy {
  struct Piece {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::uint64_t bytes = 0;
  };
  std::string from;
  std::string to;
  std::vector<Piece> pieces;
};

/// Packs what partitions have of the chunks that they share, into one more part `rest` beside the
/// `parts`; makes the file; and returns what is to be copied into it. Throws IoError.
std::vector<Hdf5Copy> lay_out_hdf5_parts(const Hdf5Target& target, const Hdf5Creation& creation,
                                         const std::vector<std::string>& parts,
                                         const std::string& rest);
/// Throws IoError. Returns the bytes.
std::uint64_t copy_hdf5_pieces(const Hdf5Copy& copy);

}  // namespace volley::io
