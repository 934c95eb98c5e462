#include "bench/statistics.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace volley::bench {

double percentile(std::span<const double> sorted, double fraction) {
  VOLLEY_CHECK(!sorted.empty(), "fraction={}", fraction);
  const double place = std::ceil(fraction * static_cast<double>(sorted.size()));
  const auto index = static_cast<std::size_t>(std::max(place, 1.0)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

double median(std::span<const double> sorted) {
  VOLLEY_CHECK(!sorted.empty(), "no samples");
  const std::size_t middle = sorted.size() / 2;
  if (sorted.size() % 2 != 0) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

Summary summarize(std::span<const double> samples) {
  Summary summary;
  if (samples.empty()) return summary;
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const auto count = static_cast<double>(sorted.size());
  summary.count = sorted.size();
  summary.least = sorted.front();
  summary.most = sorted.back();
  summary.median = median(sorted);
  summary.p90 = percentile(sorted, 0.9);
  summary.p99 = percentile(sorted, 0.99);
  summary.mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / count;
  const double spread = 1.959964 * std::sqrt(count);
  const double low = std::floor((count - spread) / 2);
  const double high = std::ceil(1 + (count + spread) / 2);
  const auto at = [&](double place) {  // counted from 1
    return sorted[static_cast<std::size_t>(std::clamp(place, 1.0, count)) - 1];
  };
  summary.median_low = at(low);
  summary.median_high = at(high);
  return summary;
}

std::vector<std::size_t> low_outliers(std::span<const double> values) {
  std::vector<std::size_t> places;
  if (values.size() < 3) return places;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double middle = median(sorted);
  std::vector<double> deviations;
  for (const double value : sorted) deviations.push_back(std::abs(value - middle));
  std::sort(deviations.begin(), deviations.end());
  const double deviation = std::max(median(deviations), middle * 0.01);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < middle - 3 * deviation) places.push_back(i);
  }
  return places;
}

}  // namespace volley::bench
