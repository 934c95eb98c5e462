#pragma once
// Hdf5Space: where the raw data of a file's chunks is, without moving any. The HDF5 library reads
// and writes chunks itself only one by one, in one process at a time. So it is given a file driver
// that carries out what concerns metadata, but of raw data only notes the place; then any number of
// processes read or write the chunks there with pread and pwrite. For hdf5_input.cpp and
// hdf5_output.cpp.

#include "io/hdf5/library.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace volley::io::hdf5 {

class Hdf5Space {
 public:
  struct Place {
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t bytes = 0;
    std::uint32_t skipped = 0;  ///< bit i: filter i was not applied
  };

  /// Opens a file for reading; throws IoError.
  static Hdf5Space open(const std::string& path);
  /// Creates one that must not exist. Chunks begin at multiples of `alignment`.
  static Hdf5Space create(const std::string& path, std::uint64_t alignment);

  hid_t file() const { return file_.get(); }

  /// Where the chunk that begins at this element of a dataset of this file is; false when it was
  /// never written.
  bool find_chunk(hid_t dataset, const hsize_t* element, Place& place);
  /// Gives a chunk of a dataset of this file its place. Throws IoError.
  Place add_chunk(hid_t dataset, const hsize_t* element, std::uint64_t bytes,
                  std::uint32_t skipped);
  /// Writes the metadata and gives the file its size. Throws IoError.
  void close();

 private:
  struct Notes {
    std::vector<Place> places;
  };
  Hdf5Space() : notes_(std::make_unique<Notes>()) {}
  Hdf5Handle access_list();

  friend struct SpaceDriver;
  std::string path_;
  std::unique_ptr<Notes> notes_;
  Hdf5Handle file_;
};

}  // namespace volley::io::hdf5
