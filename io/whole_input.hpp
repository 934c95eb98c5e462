#pragma once
// The plan of a source of whole files: which files each partition reads. Made once on the driver; a
// WholeFiles travels to the task that computes the partition.

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::io {

struct WholeFile {
  std::string path;  ///< absolute
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< the file's time when planned, so that a change shows
  Codec codec = Codec::none;
};

/// One partition of a source of whole files. An aggregate, so that the protocol's codec carries it.
struct WholeFiles {
  std::vector<WholeFile> files;
  bool ignore_missing = false;
  bool ignore_corrupt = false;
};

/// Plans the files of `paths` (see list_input_files) in `min_partitions` splits, or as many as
/// there are files, or more where a split would have more than `max_partition_bytes`: neighbours
/// together, of about equal size. Compressed ones (see Codec) will be decompressed unless `raw`.
base::Result<std::vector<WholeFiles>> plan_whole_files(std::string_view paths,
                                                       std::uint64_t min_partitions,
                                                       base::ByteCount max_partition_bytes,
                                                       bool raw);

/// The content of a file, decompressed. Throws IoError, MissingFile when it is gone.
std::string read_file_content(const WholeFile& file);

}  // namespace volley::io
