#pragma once
// The plan of a text source: which byte range of which file each partition reads. Made once on the
// driver; a TextSplit travels to the task that computes the partition. Splits ignore where lines
// begin: LineReader gives each line to the split in which its first byte lies.

#include "base/result.hpp"
#include "base/units.hpp"
#include "io/codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::io {

/// One partition of a text source. An aggregate, so that the protocol's codec carries it.
struct TextSplit {
  std::string path;             ///< absolute
  std::uint64_t offset = 0;     ///< first byte
  std::uint64_t length = 0;     ///< bytes; never 0 in a plan
  std::uint64_t file_size = 0;  ///< when planned; a reader refuses a file of another size
  Codec codec = Codec::none;    ///< otherwise the whole file, to be decompressed
  std::int64_t modified = 0;    ///< the file's time when planned, so that a change shows
  bool ignore_missing = false;  ///< a file that is gone has no lines
  bool ignore_corrupt = false;  ///< one that is damaged ends where it is
};

/// More partitions than this are refused: they would be a mistake in a setting, and cost gigabytes.
inline constexpr std::uint64_t max_text_splits = std::uint64_t{1} << 24U;

/// Bytes of one split: total / min_partitions, or where that is more than max_partition_bytes (but
/// for 10 %) a part of it, so that there are full rounds of min_partitions splits. At least 1.
std::uint64_t text_split_size(std::uint64_t total, std::uint64_t min_partitions,
                              base::ByteCount max_partition_bytes);

/// The same in whole units, at least one. Refuses more than max_text_splits of them.
base::Result<std::uint64_t> plan_split_size(std::string_view paths, std::uint64_t total,
                                            std::uint64_t min_partitions,
                                            base::ByteCount max_partition_bytes,
                                            std::uint64_t unit);

/// Plans `paths` (see list_input_files) into about `min_partitions` splits or more. The last split
/// of a file may be 10 % longer than the others, as in Hadoop's FileInputFormat, rather than leave
/// a tiny one. Empty files yield no split, an empty directory no splits at all; a
/// compressed file (see Codec) is one.
base::Result<std::vector<TextSplit>> plan_text_input(std::string_view paths,
                                                     std::uint64_t min_partitions,
                                                     base::ByteCount max_partition_bytes);

}  // namespace volley::io
