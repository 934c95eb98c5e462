#pragma once
// What a list of times says. A mean alone says little on a machine that others use: the median, its
// confidence interval and the upper percentiles do.

#include <cstddef>
#include <span>
#include <vector>

namespace volley::bench {

struct Summary {
  std::size_t count = 0;
  double least = 0;
  double median = 0;
  double p90 = 0;
  double p99 = 0;
  double most = 0;
  double mean = 0;
  /// The 95 % confidence interval of the median, from the ranks of the sorted samples (binomial
  /// distribution, normal approximation), without an assumption about how times are distributed.
  double median_low = 0;
  double median_high = 0;
};

/// All zero when there are no samples.
Summary summarize(std::span<const double> samples);

/// The smallest sample that is not below `fraction` of all; `sorted` is not empty.
double percentile(std::span<const double> sorted, double fraction);
/// The middle one, or the mean of the two in the middle; `sorted` is not empty.
double median(std::span<const double> sorted);

/// Places whose value is more than 3 median absolute deviations below the median; the deviation
/// counts as at least 1 % of the median.
std::vector<std::size_t> low_outliers(std::span<const double> values);

}  // namespace volley::bench
