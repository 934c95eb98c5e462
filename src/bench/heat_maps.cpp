// The matrix of pairs as two heat maps: latency and bandwidth.
#include "bench/axis.hpp"
#include "bench/plot.hpp"
#include "bench/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace volley::bench {
namespace {

constexpr double panel = 420;  ///< width and height of a matrix
constexpr double left = 80;
constexpr double top = 120;
constexpr double between = 170;
constexpr std::size_t most_numbers = 12;  ///< ranks up to which cells show their number
constexpr std::size_t most_labels = 24;

/// From bad to good: dark violet over teal to yellow, of even brightness steps.
constexpr std::array<Colour, 5> scale = {Colour{68, 1, 84}, Colour{59, 82, 139},
                                         Colour{33, 145, 140}, Colour{94, 201, 98},
                                         Colour{253, 231, 37}};

Colour colour_of(double share) {
  const double place = std::clamp(share, 0.0, 1.0) * (scale.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), scale.size() - 2);
  const double part = place - static_cast<double>(below);
  const auto mixed = [part](int a, int b) {
    return static_cast<int>(std::lround(a + part * (b - a)));
  };
  const Colour& a = scale[below];
  const Colour& b = scale[below + 1];
  return {mixed(a.red, b.red), mixed(a.green, b.green), mixed(a.blue, b.blue)};
}

struct Panel {
  std::string title;
  const std::vector<double>& values;
  std::function<std::string(double)> label;  ///< with unit
  std::function<std::string(double)> number;
  bool high_is_good = true;
};

/// Of the pairs; the diagonal does not count.
std::pair<double, double> range_of(const std::vector<double>& values, std::size_t ranks) {
  double low = 0;
  double high = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i / ranks == i % ranks) continue;
    low = low == 0 ? values[i] : std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  return {low, high};
}

/// 0 for the worst and 1 for the best value. Differences below a tenth are not worth the whole
/// scale: it spans at least that.
double goodness(const Panel& what, double value, double low, double high) {
  const double span = std::max(high - low, 0.1 * high);
  const double share = span <= 0           ? 1
                       : what.high_is_good ? 1 - (high - value) / span
                                           : 1 - (value - low) / span;
  return std::clamp(share, 0.0, 1.0);
}

void draw_scale(Svg& svg, const Panel& what, double x, double low, double high) {
  constexpr int steps = 60;
  const double bar = panel / steps;
  const double span = std::max(high - low, 0.1 * high);
  for (int i = 0; i < steps; ++i) {
    svg.rectangle(x, top + i * bar, 16, bar + 0.6, colour_of(1 - (i + 0.5) / steps).hex());
  }
  for (const double place : {0.0, 0.5, 1.0}) {
    const double value = what.high_is_good ? high - place * span : low + place * span;
    svg.write(x + 22, top + place * panel + 4, what.label(value), {11});
  }
}

void draw_cells(Svg& svg, const Panel& what, std::size_t ranks, double x, double low, double high) {
  const double cell = panel / static_cast<double>(ranks);
  for (std::size_t from = 0; from < ranks; ++from) {
    for (std::size_t to = 0; to < ranks; ++to) {
      const double cx = x + cell * static_cast<double>(to);
      const double cy = top + cell * static_cast<double>(from);
      const double value = what.values[from * ranks + to];
      const Colour colour =
          from == to ? Colour{235, 235, 235} : colour_of(goodness(what, value, low, high));
      svg.rectangle(cx, cy, cell + 0.3, cell + 0.3, colour.hex());
      if (from == to || ranks > most_numbers) continue;
      svg.write(cx + cell / 2, cy + cell / 2 + 4, what.number(value),
                {ranks > 8 ? 10.0 : 12.0, "middle", colour.bright() ? "#000000" : "#ffffff"});
    }
  }
}

void draw_panel(Svg& svg, const Panel& what, std::size_t ranks, double x) {
  const auto [low, high] = range_of(what.values, ranks);
  draw_cells(svg, what, ranks, x, low, high);
  svg.rectangle(x, top, panel, panel, "none", "#222222");
  const double cell = panel / static_cast<double>(ranks);
  const std::size_t step = (ranks + most_labels - 1) / most_labels;
  for (std::size_t rank = 0; rank < ranks; rank += step) {
    const double middle = cell * (static_cast<double>(rank) + 0.5);
    svg.write(x + middle, top + panel + 16, fmt::format("{}", rank), {11, "middle"});
    svg.write(x - 6, top + middle + 4, fmt::format("{}", rank), {11, "end"});
  }
  svg.write(x + panel / 2, top + panel + 36, "to rank", {13, "middle"});
  svg.write(x - 38, top + panel / 2, "from rank", {13, "middle", "#222222", false, true});
  svg.write(x, top - 12, what.title, {14, "start", "#222222", true});
  draw_scale(svg, what, x + panel + 12, low, high);
}

}  // namespace

std::string heat_maps(const Report& report) {
  const PairMatrix& matrix = *report.pairs;
  Svg svg(left + 2 * panel + between + 110, top + panel + 60);
  const Conditions& where = report.conditions;
  svg.write(left, 36,
            fmt::format("volley bench pairs: {} on {}", counted(where.ranks, "rank"),
                        counted(where.nodes, "node")),
            {18, "start", "#222222", true});
  svg.write(left, 60,
            fmt::format("{}; {}; {}", where.library.substr(0, where.library.find(',')),
                        where.transport, where.date),
            {12, "start", "#555555"});
  const Panel latency{fmt::format("latency in us, {}", size_label(matrix.latency_bytes)),
                      matrix.latency,
                      [](double seconds) { return fmt::format("{:.3g} us", seconds * 1e6); },
                      [](double seconds) { return fmt::format("{:.2f}", seconds * 1e6); }, false};
  const Panel bandwidth{fmt::format("bandwidth in GB/s, {}", size_label(matrix.bandwidth_bytes)),
                        matrix.bandwidth, bandwidth_label,
                        [](double rate) { return fmt::format("{:.2f}", rate * 1e-9); }, true};
  draw_panel(svg, latency, matrix.ranks, left);
  draw_panel(svg, bandwidth, matrix.ranks, left + panel + between);
  return std::move(svg).finish();
}

}  // namespace volley::bench
