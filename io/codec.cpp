#include "io/codec.hpp"

#include <fmt/format.h>

#include <array>

namespace volley::io {
namespace {

struct Known {
  Codec codec;
  std::string_view name;
  std::string_view ending;
};
constexpr std::array known{Known{Codec::none, "none", ""}, Known{Codec::gzip, "gzip", ".gz"},
                           Known{Codec::zstd, "zstd", ".zst"}, Known{Codec::lz4, "lz4", ".lz4"}};

}  // namespace

base::Result<Codec> parse_codec(std::string_view name) {
  if (name.empty()) return Codec::none;
  for (const Known& one : known) {
    if (one.name == name) return one.codec;
  }
  return base::Failure{
      fmt::format("there is no codec '{}': files are compressed by gzip, zstd or lz4", name)};
}

Codec codec_of_path(std::string_view path) {
  for (const Known& one : known) {
    if (!one.ending.empty() && path.ends_with(one.ending)) return one.codec;
  }
  return Codec::none;
}

std::string ending_of(Codec codec) {
  for (const Known& one : known) {
    if (one.codec == codec) return std::string(one.ending);
  }
  return {};
}

}  // namespace volley::io
