#pragma once
// The plan of a source of binary records of one size: which byte range of which file each partition
// reads. Made once on the driver; a BinarySplit travels to the task that computes the partition.
// Ranges begin and end at records.

#include "base/result.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::io {

/// One partition of a source of binary records. An aggregate, so that the protocol's codec carries
/// it.
struct BinarySplit {
  std::string path;             ///< absolute
  std::uint64_t offset = 0;     ///< first byte; a multiple of the record size
  std::uint64_t length = 0;     ///< bytes; a multiple of the record size, never 0 in a plan
  std::uint64_t file_size = 0;  ///< when planned; a reader refuses a file of another size
  std::int64_t modified = 0;    ///< the file's time when planned, so that a change shows
};

/// Plans `paths` (see list_input_files) into about `min_partitions` splits or more, as
/// plan_text_input does. Every file whose size is no multiple of `record_size` (at least 1) is
/// reported, one on a line.
base::Result<std::vector<BinarySplit>> plan_binary_input(std::string_view paths,
                                                         std::uint64_t record_size,
                                                         std::uint64_t min_partitions,
                                                         base::ByteCount max_partition_bytes);

}  // namespace volley::io
