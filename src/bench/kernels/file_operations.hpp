#pragma once
// Writing and reading a file per rank as operations to measure. A file has no name from the moment
// it exists: it is gone with its process, whatever ends that.

#include "base/fd.hpp"
#include "bench/kernels/measure.hpp"

#include <memory>
#include <optional>
#include <string>

namespace volley::bench {

/// A new, nameless file in this directory.
base::Result<base::Fd> make_scratch_file(const std::string& directory);

/// Writes `bytes` in pieces of 4 MiB from the file's beginning, and fsync.
std::unique_ptr<Operation> make_file_write(const exchange::RankGroup& group, int file,
                                           std::uint64_t bytes, std::optional<std::uint64_t> seed);

/// Reads what the write with the same seed left, after the kernel was told to forget it. With a
/// seed, checks the contents in a second reading that is not timed.
std::unique_ptr<Operation> make_file_read(const exchange::RankGroup& group, int file,
                                          std::uint64_t bytes, std::optional<std::uint64_t> seed);

}  // namespace volley::bench
