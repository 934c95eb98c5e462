#pragma once
// What the applications of this directory take as arguments and make instead of input files.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bench {

/// The number that a word is; none when it is something else, for example a path.
inline std::optional<std::int64_t> number(std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value < 0) return std::nullopt;
  return value;
}

/// Spreads the bits of a number: a bijection (xor-shift and multiply, twice).
inline std::uint64_t mix(std::uint64_t x) {
  constexpr std::uint64_t factor = 0xd6e8feb86659fd93U;
  x = (x ^ (x >> 32U)) * factor;
  x = (x ^ (x >> 32U)) * factor;
  return x ^ (x >> 32U);
}

}  // namespace bench
