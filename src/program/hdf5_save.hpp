#pragma once
// Hdf5Save: one call of save_as_hdf5 on the driver, without types. The file is made under a hidden
// name beside its own and gets that only when it is complete; dropped before commit(), everything
// that was made is removed.
//
//   begin (constructor) ─▶ count the rows ─▶ place ─▶ write ─▶ commit
//
// See io/hdf5_output.hpp for who writes what.

#include "io/hdf5_output.hpp"
#include "program/lineage.hpp"

#include <volley/hdf5.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace volley::program {

/// What a task found in its partition.
struct Hdf5Count {
  std::uint64_t rows = 0;
  std::uint64_t least_width = 0;  ///< of its rows; 0 without any
  std::uint64_t most_width = 0;
};

class Hdf5Save {
 public:
  /// Refuses options that make no sense (InvalidArgument), and a file that exists (IoError).
  Hdf5Save(const Lineage& rdd, const std::string& path, const std::string& dataset,
           const io::Hdf5Row& row, const Hdf5WriteOptions& options);
  Hdf5Save(const Hdf5Save&) = delete;
  Hdf5Save& operator=(const Hdf5Save&) = delete;
  ~Hdf5Save();

  /// From the counts of all partitions: where their rows go. Makes the file, unless it will be
  /// compressed. Throws InvalidArgument when rows have different widths.
  void place(const std::vector<Hdf5Count>& counts);
  bool compresses() const { return target_.gzip > 0 && target_.row_bytes() > 0; }
  const io::Hdf5Target& target() const { return target_; }

  /// The directory of the part files of a compressed dataset.
  std::string parts() const { return directory_ + "/parts"; }
  /// Runs an action on all partitions that writes them. Its results are not kept.
  void run(const Lineage& rdd, protocol::Closure action, const std::string& call_site) const;
  /// After the parts are written: makes the file, and says what is to be copied into it.
  std::vector<io::Hdf5Copy> gather();
  void commit();

 private:
  void begin();

  const Lineage& rdd_;
  std::string path_;
  std::string directory_;  ///< of what is not complete yet
  std::string owner_;
  bool may_replace_ = false;
  io::Hdf5Target target_;
  io::Hdf5Creation creation_;
  std::uint64_t wanted_chunk_rows_;
  bool any_width_ = false;
  bool begun_ = false;
};

}  // namespace volley::program
