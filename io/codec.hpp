#pragma once
// Codec: how files are compressed, by name ("gzip", "zstd", "lz4") and by the ending of a path.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace volley::io {

enum class Codec : std::uint8_t { none, gzip, zstd, lz4 };

/// "" and "none" are none.
base::Result<Codec> parse_codec(std::string_view name);
/// .gz, .zst and .lz4 files are compressed.
Codec codec_of_path(std::string_view path);
/// ".gz"; empty for none.
std::string ending_of(Codec codec);

}  // namespace volley::io
