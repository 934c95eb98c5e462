#pragma once
// The plan of a dataset as a source: which rows each partition reads, in whole chunks, and where
// these are in the file. Made once on the driver, which alone reads the file's metadata; an
// Hdf5Split travels to the task that computes the partition.

#include "base/units.hpp"
#include "io/hdf5_type.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley::io {

/// A piece of a dataset that lies in one place of the file: a chunk, or some rows of a dataset
/// without chunks.
struct Hdf5Piece {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;    ///< as stored
  std::uint32_t skipped = 0;  ///< bit i: filter i was not applied
};

/// One partition of a dataset. An aggregate, so that the protocol's codec carries it.
struct Hdf5Split {
  std::string path;  ///< absolute
  std::string dataset;
  std::vector<std::string> members;  ///< the program's names for members; empty: in their order
  std::uint64_t file_size = 0;       ///< when planned; a reader refuses a file of another size
  std::int64_t modified = 0;         ///< the file's time when planned, so that a change shows
  std::uint64_t row = 0;             ///< the first one
  std::uint64_t rows = 0;
  std::uint64_t columns = 1;
  std::uint64_t piece_rows = 1;     ///< what is read at once
  std::uint64_t piece_columns = 1;  ///< of a chunk
  /// The pieces are bytes that need no HDF5 library: read, perhaps inflate, copy. Otherwise the
  /// library reads the rows and converts them.
  bool placed = false;
  std::uint64_t element_bytes = 0;   ///< in the file
  std::int32_t shuffle_filter = -1;  ///< its position in the pipeline
  std::int32_t deflate_filter = -1;
  std::vector<Hdf5Run> runs;      ///< of an element
  std::vector<Hdf5Piece> pieces;  ///< in the order of rows, then of columns
};

struct Hdf5Source {
  std::string path;  ///< absolute
  std::string dataset;
  std::vector<std::string> members;
};

/// Plans about `min_partitions` splits of at most `max_partition_bytes` (but for 10 %) of rows, as
/// far as chunks allow that. Throws IoError: no such file or dataset, a damaged file, or rows that
/// are not what the dataset holds; the text names file, dataset, and both types and shapes.
std::vector<Hdf5Split> plan_hdf5_input(const Hdf5Source& source, const Hdf5Row& row,
                                       std::uint64_t min_partitions,
                                       base::ByteCount max_partition_bytes);

/// How the rows of a dataset become the program's.
struct Hdf5Fit {
  Hdf5Match match;
  std::uint64_t columns = 1;
  bool columns_in_type = false;  ///< the dataset's elements are arrays
};
/// Throws IoError when they cannot.
Hdf5Fit fit_hdf5_rows(const std::string& path, const std::string& dataset,
                      const std::vector<std::uint64_t>& shape, Hdf5Type type, const Hdf5Row& row,
                      const std::vector<std::string>& members);

}  // namespace volley::io
