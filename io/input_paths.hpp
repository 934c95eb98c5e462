#pragma once
// Input paths: from what the user wrote ("data/*.txt,more,file:///x{a,b}") to the plain files it
// means. This is the syntax of Spark's textFile and Hadoop's FileInputFormat. Used on the driver,
// before a job; touches metadata only.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::io {

struct InputFile {
  std::string path;  ///< absolute
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< when it was last written, in nanoseconds since 1970
};

/// The absolute local path of a path that may start with file:/ or file:///; other schemes are
/// refused.
base::Result<std::string> local_path(std::string_view path);

/// The pieces of a comma-separated list. Commas inside { } belong to their glob.
std::vector<std::string> split_path_list(std::string_view paths);

/// All files that `paths` names, in the order given; the matches of a glob and the files of a
/// directory are sorted by name (bytewise, whatever the locale). In directories and globs, names
/// that start with '.' or '_' are skipped. Directories are not read recursively: one inside another
/// is an error, as in Hadoop. Every path that is missing, matches nothing or cannot be read is
/// reported, one on a line.
base::Result<std::vector<InputFile>> list_input_files(std::string_view paths);

}  // namespace volley::io
