#pragma once
// Byte counts and durations as types, with the notation of Spark's configuration ("512m", "30s").

#include "base/result.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace volley::base {

/// A number of bytes.
struct ByteCount {
  std::uint64_t value = 0;
  auto operator<=>(const ByteCount&) const = default;
};

using Duration = std::chrono::nanoseconds;
/// Time since an arbitrary start, handed to roles by whoever drives them; roles never read a clock.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// Parses "64", "64k", "64kb", "1.5g", "2TiB"; a plain number counts `unit` bytes (Spark: memory
/// settings are in MiB, others in bytes). Units are binary.
Result<ByteCount> parse_bytes(std::string_view text, std::uint64_t unit = 1);
/// Parses "100ms", "30s", "5min", "2h", "1d", "250us"; a plain number counts `unit`.
Result<Duration> parse_duration(std::string_view text, Duration unit = std::chrono::seconds{1});

/// "0 B", "1.5 KiB", "12.0 MiB".
std::string format_bytes(std::uint64_t bytes);
/// "850 us", "12 ms", "3.4 s", "2 min 5 s".
std::string format_duration(Duration duration);

}  // namespace volley::base
