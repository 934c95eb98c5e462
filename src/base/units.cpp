#include "base/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace volley::base {
namespace {

struct Number {
  double value = 0;
  std::string unit;
};

Result<Number> split_number(std::string_view text, std::string_view what) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Number number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (error != std::errc{} || number.value < 0) {
    return Failure{fmt::format("'{}' is not a {}", text, what)};
  }
  for (const char* p = end; p != text.data() + text.size(); ++p) {
    if (*p != ' ') number.unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*p)));
  }
  return number;
}

}  // namespace

Result<ByteCount> parse_bytes(std::string_view text, std::uint64_t unit) {
  const auto number = split_number(text, "size such as 512m or 4g");
  if (!number) return number.failure();
  static constexpr std::string_view suffixes = "kmgtp";
  double scale = 1;
  std::string name = number.value().unit;
  if (name.empty()) {
    scale = static_cast<double>(unit);
  } else if (name != "b") {
    const auto power = suffixes.find(name.front());
    const std::string rest = name.substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) {
      return Failure{
          fmt::format("'{}' has the unknown unit '{}' (use b, k, m, g, t or p)", text, name)};
    }
    for (std::size_t i = 0; i <= power; ++i) scale *= 1024;
  }
  const double bytes = number.value().value * scale;
  if (bytes >= 9.2e18) return Failure{fmt::format("'{}' is too large a size", text)};
  return ByteCount{static_cast<std::uint64_t>(bytes)};
}

Result<Duration> parse_duration(std::string_view text, Duration unit) {
  const auto number = split_number(text, "duration such as 100ms or 30s");
  if (!number) return number.failure();
  static constexpr std::array<std::pair<std::string_view, double>, 8> units{{{"ns", 1},
                                                                             {"us", 1e3},
                                                                             {"ms", 1e6},
                                                                             {"s", 1e9},
                                                                             {"m", 60e9},
                                                                             {"min", 60e9},
                                                                             {"h", 3600e9},
                                                                             {"d", 86400e9}}};
  double scale = static_cast<double>(unit.count());
  if (!number.value().unit.empty()) {
    scale = 0;
    for (const auto& [name, value] : units) {
      if (name == number.value().unit) scale = value;
    }
    if (scale == 0) {
      return Failure{fmt::format("'{}' has the unknown unit '{}' (use us, ms, s, min, h or d)",
                                 text, number.value().unit)};
    }
  }
  const double count = number.value().value * scale;
  if (count >= 9.2e18) return Failure{fmt::format("'{}' is too long a duration", text)};
  return Duration{static_cast<std::int64_t>(count)};
}

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 6> names{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t index = 0;
  while (value >= 1024 && index + 1 < names.size()) {
    value /= 1024;
    ++index;
  }
  return index == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, names.at(index));
}

std::string format_duration(Duration duration) {
  const double ns = static_cast<double>(duration.count());
  if (ns < 1e6) return fmt::format("{:.0f} us", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:.0f} ms", ns / 1e6);
  if (ns < 60e9) return fmt::format("{:.1f} s", ns / 1e9);
  const auto seconds = static_cast<std::int64_t>(ns / 1e9);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

}  // namespace volley::base
