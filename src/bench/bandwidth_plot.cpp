// Bandwidth against size: a curve per series, with the confidence interval of the median as a band.
#include "bench/axis.hpp"
#include "bench/plot.hpp"
#include "bench/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

namespace volley::bench {
namespace {

constexpr double width = 960;
constexpr double height = 580;
constexpr double left = 90;
constexpr double right = 760;
constexpr double top = 80;
constexpr double bottom = 510;
/// Colours that people with any colour vision can tell apart (Okabe and Ito).
constexpr std::array<std::string_view, 7> colours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                     "#e69f00", "#56b4e9", "#000000"};

struct Point {
  double size = 0;
  double value = 0;
  double low = 0;
  double high = 0;
};

struct Curve {
  std::string name;
  std::vector<Point> points;
};

/// Rates of one rank alone are those of its memory, and nothing crosses a bus.
bool shows_bus(const Report& report) {
  return std::any_of(report.rows.begin(), report.rows.end(),
                     [](const Row& row) { return row.bus_bandwidth > 0; });
}

std::string curve_name(const Report& report, const Row& row) {
  // Tuning has several methods of the same series.
  return report.options.tune_file.empty() ? row.series : row.method;
}

std::vector<Curve> curves_of(const Report& report) {
  const bool bus = shows_bus(report);
  std::vector<Curve> curves;
  for (const Row& row : report.rows) {
    const double value = bus ? row.bus_bandwidth : row.algorithm_bandwidth;
    if (value <= 0 || row.bytes == 0) continue;
    const std::string name = curve_name(report, row);
    auto at = std::find_if(curves.begin(), curves.end(),
                           [&](const Curve& curve) { return curve.name == name; });
    if (at == curves.end()) at = curves.insert(curves.end(), Curve{name, {}});
    const Summary& time = row.slowest;
    const double moved = value * time.median;
    at->points.push_back({static_cast<double>(row.bytes), value, moved / time.median_high,
                          moved / std::max(time.median_low, 1e-12)});
  }
  return curves;
}

struct Range {
  double low = 0;
  double high = 0;
  void include(double value) {
    low = low == 0 ? value : std::min(low, value);
    high = std::max(high, value);
  }
};

/// A line with its name at the right: what the machine can do at best.
void mark(Svg& svg, const LogAxis& y, double value, const std::string& name) {
  svg.line(left, y.place(value), right, y.place(value), "#555555", 1.5, "7 4");
  svg.write(right + 8, y.place(value) + 4, fmt::format("{} {}", name, bandwidth_label(value)),
            {12, "start", "#555555"});
}

void draw_frame(Svg& svg, const Report& report, const Range& sizes, const Range& values,
                const LogAxis& x, const LogAxis& y) {
  for (const Tick& tick : size_ticks(sizes.low, sizes.high, 14)) {
    svg.line(x.place(tick.value), top, x.place(tick.value), bottom,
             tick.label.empty() ? "#f2f2f2" : "#dddddd");
    svg.write(x.place(tick.value), bottom + 18, tick.label, {11, "middle"});
  }
  for (const Tick& tick : bandwidth_ticks(values.low, values.high)) {
    svg.line(left, y.place(tick.value), right, y.place(tick.value),
             tick.label.empty() ? "#f2f2f2" : "#dddddd");
    svg.write(left - 8, y.place(tick.value) + 4, tick.label, {11, "end"});
  }
  svg.rectangle(left, top, right - left, bottom - top, "none", "#222222");
  const bool bus = shows_bus(report);
  svg.write((left + right) / 2, bottom + 44,
            report.options.kind == Kind::stream ? "size" : "size per pair of ranks",
            {13, "middle"});
  svg.write(20, (top + bottom) / 2,
            bus ? "bus bandwidth of the busiest rank" : "bandwidth of a rank",
            {13, "middle", "#222222", false, true});
  const Conditions& where = report.conditions;
  svg.write(left, 32,
            fmt::format("volley bench {}: {} on {}", name_of(report.options.kind),
                        counted(where.ranks, "rank"), counted(where.nodes, "node")),
            {18, "start", "#222222", true});
  svg.write(left, 54,
            fmt::format("{}; {}; {}", where.library.substr(0, where.library.find(',')),
                        where.transport, where.date),
            {12, "start", "#555555"});
}

void draw_curve(Svg& svg, const Curve& curve, std::string_view colour, const LogAxis& x,
                const LogAxis& y) {
  Svg::Points line;
  Svg::Points band;
  for (const Point& point : curve.points) {
    line.emplace_back(x.place(point.size), y.place(point.value));
    band.emplace_back(x.place(point.size), y.place(point.high));
  }
  for (auto point = curve.points.rbegin(); point != curve.points.rend(); ++point) {
    band.emplace_back(x.place(point->size), y.place(point->low));
  }
  svg.area(band, colour, 0.2);
  svg.curve(line, colour);
  for (const auto& [px, py] : line) svg.dot(px, py, colour);
}

}  // namespace

std::string bandwidth_plot(const Report& report) {
  Svg svg(width, height);
  const auto curves = curves_of(report);
  Range sizes;
  Range values;
  for (const Curve& curve : curves) {
    for (const Point& point : curve.points) {
      sizes.include(point.size);
      values.include(point.low);
      values.include(point.high);
    }
  }
  if (curves.empty()) {
    svg.write(left, top, "nothing to draw: no bytes were moved");
    return std::move(svg).finish();
  }
  const Conditions& where = report.conditions;
  if (where.injection > 0) values.include(where.injection);
  if (where.copy > 0) values.include(where.copy);
  if (sizes.low == sizes.high) sizes = {sizes.low / 2, sizes.high * 2};
  values = {values.low / 1.25, values.high * 1.25};
  const LogAxis x(sizes.low, sizes.high, left + 12, right - 12);
  const LogAxis y(values.low, values.high, bottom, top);
  draw_frame(svg, report, sizes, values, x, y);
  if (where.injection > 0) mark(svg, y, where.injection, "injection");
  if (where.copy > 0) mark(svg, y, where.copy, "memcpy");
  double legend = bottom - 20 * static_cast<double>(curves.size());
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const std::string_view colour = colours[i % colours.size()];
    draw_curve(svg, curves[i], colour, x, y);
    svg.line(right + 8, legend, right + 32, legend, colour, 3);
    svg.write(right + 38, legend + 4, curves[i].name);
    legend += 20;
  }
  svg.write(right + 8, legend + 4, "band: 95 % CI of the median", {11, "start", "#555555"});
  return std::move(svg).finish();
}

std::string plot(const Report& report) {
  return report.pairs ? heat_maps(report) : bandwidth_plot(report);
}

}  // namespace volley::bench
