#include "bench/axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace volley::bench {

LogAxis::LogAxis(double low, double high, double begin, double end)
    : low_(std::log2(low)), high_(std::log2(high)), begin_(begin), end_(end) {}

double LogAxis::place(double value) const {
  return begin_ + (std::log2(value) - low_) / (high_ - low_) * (end_ - begin_);
}

std::string size_label(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> units = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && bytes % 1024 == 0 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{} {}", bytes, units[unit]);
}

std::string counted(std::uint32_t count, const std::string& thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string bandwidth_label(double bytes_per_second) {
  constexpr std::array<std::pair<double, std::string_view>, 4> units = {
      {{1e9, "GB/s"}, {1e6, "MB/s"}, {1e3, "kB/s"}, {1, "B/s"}}};
  for (const auto& [scale, name] : units) {
    if (bytes_per_second >= scale * 0.9995) {
      return fmt::format("{:.3g} {}", bytes_per_second / scale, name);
    }
  }
  return fmt::format("{:.3g} B/s", bytes_per_second);
}

std::vector<Tick> size_ticks(double low, double high, std::size_t most) {
  const int first = static_cast<int>(std::ceil(std::log2(low) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log2(high) + 1e-9));
  const int count = std::max(1, last - first + 1);
  const int step = (count + static_cast<int>(most) - 1) / static_cast<int>(most);
  std::vector<Tick> ticks;
  for (int power = first; power <= last; ++power) {
    const bool named = power % step == 0;
    const double value = std::exp2(power);
    ticks.push_back({value, named ? size_label(static_cast<std::uint64_t>(value)) : ""});
  }
  return ticks;
}

std::vector<Tick> bandwidth_ticks(double low, double high) {
  const bool few = high / low < 300;
  std::vector<Tick> ticks;
  for (int decade = static_cast<int>(std::floor(std::log10(low))); std::pow(10, decade) <= high;
       ++decade) {
    for (const int digit : {1, 2, 5}) {
      const double value = digit * std::pow(10, decade);
      if (value < low * 0.999 || value > high * 1.001) continue;
      ticks.push_back({value, digit == 1 || few ? bandwidth_label(value) : ""});
    }
  }
  return ticks;
}

}  // namespace volley::bench
