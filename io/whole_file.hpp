#pragma once
// Small files that appear whole or not at all and outlive a crash of the machine: a draft is
// written, synchronized and renamed. Names of drafts begin with '.'.

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace volley::io {

/// Replaces what was there. The directory must exist.
base::Status write_whole_file(const std::string& path, std::span<const std::byte> bytes);
base::Status write_whole_file(const std::string& path, std::string_view text);

/// Nothing when there is no such file or it cannot be read.
std::optional<std::vector<std::byte>> read_whole_file(const std::string& path);
std::optional<std::string> read_whole_text(const std::string& path);

}  // namespace volley::io
