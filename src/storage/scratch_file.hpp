#pragma once
// Files without a name on the node's scratch disk: gone with the processes that hold them, whatever
// ends these.

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace volley::storage {

/// A new, empty file in `directory`, open for reading and writing, closed on exec. Fails with the
/// directory's name.
base::Result<base::Fd> open_scratch_file(const std::string& directory);

/// What the kernel calls the file of a descriptor, for messages.
std::string scratch_file_name(int descriptor);

/// Bytes that a user without privileges can still write in the file system of `directory`; 0 when
/// it cannot be told.
std::uint64_t free_space(const std::string& directory);

}  // namespace volley::storage
