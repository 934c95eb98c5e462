// k_means POINTS DIMENSIONS CLUSTERS ITERATIONS: Lloyd's iterations from the first CLUSTERS points;
// prints the cost (the sum of squared distances to the nearest centre) of the last one. POINTS is a
// file of doubles, 8 to a point, or how many points to make (coordinate j of point i is
// mix(i * 8 + j + 1) / 2^64). DIMENSIONS must be 8.

#include "inputs.hpp"

#include <volley/volley.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <iomanip>
#include <iostream>
#include <numeric>

namespace {

constexpr std::size_t dimensions = 8;
using Point = std::array<double, dimensions>;

/// Of the points of a cluster: the sums of their coordinates, their number, their cost.
struct Total {
  std::array<double, dimensions + 2> sums{};
  double points() const { return sums[dimensions]; }
  double cost() const { return sums[dimensions + 1]; }
};

Total operator+(Total a, const Total& b) {
  for (std::size_t i = 0; i < a.sums.size(); ++i) a.sums[i] += b.sums[i];
  return a;
}

double distance(const Point& a, const Point& b) {
  double sum = 0;
  for (std::size_t d = 0; d < dimensions; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

/// A function with data of its own: an aggregate with an operator() travels to the tasks.
struct FindCluster {
  std::vector<Point> centers;
  std::pair<std::uint32_t, Total> operator()(const Point& point) const {
    std::uint32_t best = 0;
    double least = distance(point, centers[0]);
    for (std::uint32_t c = 1; c < centers.size(); ++c) {
      const double now = distance(point, centers[c]);
      if (now < least) {
        least = now;
        best = c;
      }
    }
    Total total;
    std::copy(point.begin(), point.end(), total.sums.begin());
    total.sums[dimensions] = 1;
    total.sums[dimensions + 1] = least;
    return {best, total};
  }
};

Point make_point(std::int64_t index) {
  Point point;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::uint64_t bits = bench::mix(static_cast<std::uint64_t>(index) * dimensions + d + 1);
    point[d] = static_cast<double>(bits >> 11U) * 0x1p-53;
  }
  return point;
}

void report(const volley::Rdd<Point>& points, std::vector<Point> centers, std::int64_t iterations) {
  double cost = 0;
  for (; iterations > 0; --iterations) {
    cost = 0;
    for (const auto& [c, total] :
         points.map(FindCluster{centers}).reduce_by_key(std::plus<>{}).collect()) {
      for (std::size_t d = 0; d < dimensions; ++d) {
        centers[c][d] = total.sums[d] / total.points();
      }
      cost += total.cost();
    }
  }
  double sum = 0;
  for (const Point& center : centers) sum = std::accumulate(center.begin(), center.end(), sum);
  std::cout << std::setprecision(12) << "points=" << points.count() << " cost=" << cost
            << " centers=" << sum << '\n';
}

}  // namespace

int k_means(volley::Context& context, const std::vector<std::string>& args) {
  const auto clusters = args.size() == 4 ? bench::number(args[2]) : std::nullopt;
  const auto iterations = args.size() == 4 ? bench::number(args[3]) : std::nullopt;
  if (!clusters || !iterations || *clusters == 0 || args[1] != std::to_string(dimensions)) {
    std::cerr << "usage: k_means POINTS " << dimensions << " CLUSTERS ITERATIONS\n";
    return 2;
  }
  const auto count = bench::number(args[0]);
  const volley::Rdd<Point> points =
      count ? volley::Rdd<Point>(context.range(0, *count).map(make_point))
            : volley::Rdd<Point>(context.binary_records<Point>(args[0]));
  // Not from the cache, for which one task would make all points of its partition first.
  const auto centers = points.take(static_cast<std::uint64_t>(*clusters));
  report(points.cache(), centers, *iterations);
  return 0;
}
VOLLEY_APPLICATION(k_means)
