#include <volley/detail/histogram.hpp>
#include <volley/error.hpp>
#include <volley/order.hpp>

#include <algorithm>
#include <cmath>

namespace volley::detail {

void check_borders(const std::vector<double>& borders) {
  if (borders.size() < 2) {
    throw InvalidArgument("buckets array must have at least two elements");
  }
}

std::vector<double> even_borders(const Statistics& numbers, int buckets) {
  if (buckets < 1) throw InvalidArgument("histogram needs at least one bucket");
  const double least = numbers.min();
  const double largest = numbers.max();
  if (numbers.count == 0 || !std::isfinite(least) || !std::isfinite(largest)) {
    throw UnsupportedOperation(
        "Histogram on either an empty RDD or RDD containing +/-infinity or NaN");
  }
  if (least == largest) return {least, least};
  std::vector<double> borders;
  for (int i = 0; i < buckets; ++i) borders.push_back(least + i * (largest - least) / buckets);
  borders.push_back(largest);
  return borders;
}

std::size_t Buckets::of_even(double value) const {
  const double least = borders_.front();
  const double largest = borders_.back();
  if (!(value >= least && value <= largest)) return none;
  if (least == largest) return 0;
  const double place = (value - least) / (largest - least) * static_cast<double>(count());
  return std::min(static_cast<std::size_t>(place), count() - 1);
}

std::size_t Buckets::search(double value) const {
  const auto above = std::upper_bound(borders_.begin(), borders_.end(), value, Ascending{});
  const auto at = static_cast<std::size_t>(above - borders_.begin());
  if (at == 0) return none;
  if (at < borders_.size()) return at - 1;
  return same_key(value, borders_.back()) ? count() - 1 : none;
}

}  // namespace volley::detail
