#pragma once
// HDF5 files: what is in them, and how datasets become RDDs and back (context.hdf5_dataset<T>,
// rdd.save_as_hdf5). docs/hdf5.md shows it by examples.
//
// A record is a row of a dataset:
//   a number, bool or enum          an element of a dataset of one dimension
//   std::array<U, N>                a row of N columns
//   std::vector<U>                  a row of any number of columns, the same in every row
//   a struct, or a pair             a compound; std::array members are arrays in it, and
//                                   std::array<char, N> a text of at most N bytes
// Members of a struct have no names that a program could ask for: they are those of the compound in
// their order, or those that the options name. A dataset is read only where each of its values is a
// value of the record's type: int32 as std::int64_t or double, but not as float or std::uint32_t.

#include "io/hdf5_file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley {

/// name, shape, type, chunk and filters of a dataset; text() is "float64 [100, 3]".
using Hdf5DatasetInfo = io::Hdf5DatasetInfo;
/// A number, a text, or a list of these.
using Hdf5Value = io::Hdf5Value;
/// By name.
using Hdf5Attributes = io::Hdf5Attributes;

struct Hdf5ReadOptions {
  /// The members of a compound that are those of the record, in its order. Others are left out.
  std::vector<std::string> members = {};
  /// At least about so many, as far as there are chunks. 0: default_parallelism().
  std::uint32_t min_partitions = 0;
};

struct Hdf5WriteOptions {
  /// Names for the members of a struct; f0, f1, ... without.
  std::vector<std::string> members = {};
  /// Rows of a chunk. 0: about 1 MiB of them.
  std::uint64_t chunk_rows = 0;
  /// 1 (fast) to 9 (small) compresses every chunk; 0 none.
  int gzip = 0;
  /// Of the dataset.
  Hdf5Attributes attributes = {};
  /// Whether the records are kept between counting and writing them, in memory and on the scratch
  /// disk; otherwise they are computed twice, which is faster where they are cheap.
  bool keep = true;
};

/// All datasets of a file, in groups within groups too. These four are for the program, not for
/// tasks, and throw IoError.
std::vector<Hdf5DatasetInfo> hdf5_datasets(const std::string& path);
/// One of them.
Hdf5DatasetInfo hdf5_dataset_info(const std::string& path, const std::string& dataset);
/// The attributes of a dataset, of a group, or ("/") of the file that are numbers or texts.
Hdf5Attributes hdf5_attributes(const std::string& path, const std::string& object = "/");
/// Adds attributes, or replaces them.
void set_hdf5_attributes(const std::string& path, const std::string& object,
                         const Hdf5Attributes& attributes);

}  // namespace volley
