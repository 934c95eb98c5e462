#pragma once
// What is in an HDF5 file: datasets with their shapes and types, and attributes. Called from the
// program, not from tasks; reads metadata only. Any failure throws IoError that names the file.

#include "io/hdf5_type.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace volley::io {

struct Hdf5DatasetInfo {
  std::string name;                  ///< "/group/name"
  std::vector<std::uint64_t> shape;  ///< empty: one value
  Hdf5Type type;
  std::vector<std::uint64_t> chunk;  ///< empty: not chunked
  std::vector<std::string> filters;  ///< in the order of writing: "shuffle", "deflate"

  /// "float64 [100, 3]".
  std::string text() const { return describe(type) + " " + describe_shape(shape); }
};

/// Throws also when there is no such dataset; the text says which there are.
Hdf5DatasetInfo inspect_hdf5_dataset(const std::string& path, const std::string& dataset);
/// All datasets of a file, in groups within groups too, by name.
std::vector<Hdf5DatasetInfo> list_hdf5_datasets(const std::string& path);

/// What an attribute can be here: a number, a text, or a list of these.
using Hdf5Value =
    std::variant<std::int64_t, std::uint64_t, double, std::string, std::vector<std::int64_t>,
                 std::vector<std::uint64_t>, std::vector<double>, std::vector<std::string>>;
using Hdf5Attributes = std::map<std::string, Hdf5Value>;

/// The attributes of a dataset or group ("/": of the file); those of other kinds are left out.
Hdf5Attributes read_hdf5_attributes(const std::string& path, const std::string& object);
/// Adds attributes to an object of a file, or replaces them.
void write_hdf5_attributes(const std::string& path, const std::string& object,
                           const Hdf5Attributes& attributes);

}  // namespace volley::io
