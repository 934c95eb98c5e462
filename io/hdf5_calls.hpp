#pragma once
// Hdf5Calls: what takes the HDF5 library. It lives in a shared object of its own, libvolley_hdf5.so
// (sources in io/hdf5), which is loaded when one of these is called first: the library brings forty
// others with it, whose loading tripled the time in which a process starts. What can be done
// without the library (reading and writing chunks at known places) is.

#include "io/hdf5_file.hpp"
#include "io/hdf5_input.hpp"
#include "io/hdf5_output.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace volley::io {

/// Rows of a dataset that the library reads and converts. One thread at a time.
class Hdf5RowSource {
 public:
  virtual ~Hdf5RowSource() = default;
  /// Fills `out` with so many rows from `row` on, laid out as in memory. Why that is not possible,
  /// if it is not.
  virtual std::optional<std::string> read(std::uint64_t row, std::uint64_t rows,
                                          std::span<std::byte> out) = 0;
};

/// The functions of io/hdf5_file.hpp and io/hdf5_output.hpp say what they do and throw.
struct Hdf5Calls {
  Hdf5DatasetInfo (*inspect_dataset)(const std::string& path, const std::string& dataset);
  std::vector<Hdf5DatasetInfo> (*list_datasets)(const std::string& path);
  Hdf5Attributes (*read_attributes)(const std::string& path, const std::string& object);
  void (*write_attributes)(const std::string& path, const std::string& object,
                           const Hdf5Attributes& attributes);
  std::vector<std::uint64_t> (*create_layout)(const Hdf5Target& target,
                                              const Hdf5Creation& creation,
                                              const std::vector<Hdf5Extent>& extents);
  /// Finds the pieces of a dataset, for all rows of `whole`; false when not all have a place of
  /// their own.
  bool (*find_pieces)(const Hdf5DatasetInfo& info, Hdf5Split& whole);
  /// The rows of the split's dataset as `row` wants them. Throws IoError.
  std::unique_ptr<Hdf5RowSource> (*open_rows)(const Hdf5Split& split, const Hdf5Row& row);
};

/// Loads them if need be. Throws IoError when they cannot be loaded.
const Hdf5Calls& hdf5_calls();

/// What libvolley_hdf5.so exports.
inline constexpr const char* hdf5_entry_name = "volley_hdf5_calls";
using Hdf5Entry = const Hdf5Calls* (*)();

}  // namespace volley::io
