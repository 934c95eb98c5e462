#include "program/estimates.hpp"

#include <volley/error.hpp>

#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace volley::program {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Of a distribution of whole numbers: its quantiles at the ends of the interval, and its mean.
template <class Distribution>
BoundedDouble beyond(double seen, const Distribution& rest, double confidence) {
  const auto at = [&](double probability) {
    if (probability >= 1) return infinity;
    return seen + boost::math::quantile(rest, probability);
  };
  return {seen + boost::math::mean(rest), confidence, at((1 - confidence) / 2),
          at((1 + confidence) / 2)};
}

/// Half the width of the interval, in standard deviations of a mean of `count` values.
double half_width(std::int64_t count, double confidence) {
  constexpr std::int64_t large = 100;
  const double probability = (1 + confidence) / 2;
  if (probability >= 1) return infinity;
  if (count > large) return boost::math::quantile(boost::math::normal(), probability);
  const auto freedom = static_cast<double>(count - 1);
  return boost::math::quantile(boost::math::students_t(freedom), probability);
}

BoundedDouble around(double mean, double deviation, std::int64_t count, double confidence) {
  const double width = deviation == 0 ? 0 : half_width(count, confidence) * deviation;
  return {mean, confidence, mean - width, mean + width};
}

}  // namespace

void check_confidence(double confidence) {
  if (confidence >= 0 && confidence <= 1) return;
  throw InvalidArgument(fmt::format("confidence ({}) must be in [0,1]", confidence));
}

BoundedDouble estimate_count(const Coverage& coverage, std::int64_t counted, double confidence) {
  const auto seen = static_cast<double>(counted);
  if (coverage.complete()) return {seen, 1, seen, seen};
  if (coverage.merged == 0 || counted == 0) return {0, 0, 0, infinity};
  const double part = static_cast<double>(coverage.merged) / coverage.total;
  constexpr std::int64_t large = 10000;
  if (counted > large) {
    return beyond(seen, boost::math::poisson(seen * (1 - part) / part), confidence);
  }
  return beyond(seen, boost::math::negative_binomial(seen, part), confidence);
}

BoundedDouble estimate_mean(const Coverage& coverage, const Statistics& seen, double confidence) {
  if (coverage.complete()) return {seen.mean(), 1, seen.mean(), seen.mean()};
  if (seen.count == 0) return {0, 0, -infinity, infinity};
  if (seen.count == 1) return {seen.mean(), confidence, -infinity, infinity};
  const double deviation = std::sqrt(seen.sample_variance() / static_cast<double>(seen.count));
  return around(seen.mean(), deviation, seen.count, confidence);
}

BoundedDouble estimate_sum(const Coverage& coverage, const Statistics& seen, double confidence) {
  if (coverage.complete()) return {seen.sum(), 1, seen.sum(), seen.sum()};
  if (seen.count == 0) return {0, 0, -infinity, infinity};
  const double part = static_cast<double>(coverage.merged) / coverage.total;
  const auto count = static_cast<double>(seen.count);
  const double more = count * (1 - part) / part;
  const double sum = seen.sum() + seen.mean() * more;
  if (seen.count == 1) return {sum, confidence, -infinity, infinity};
  // The variance of a product of independent numbers: of the mean, and of how many are to come.
  const double of_mean = seen.sample_variance() / count;
  const double of_count = count * (1 - part) / (part * part);
  const double variance =
      seen.mean() * seen.mean() * of_count + more * more * of_mean + of_mean * of_count;
  return around(sum, std::sqrt(variance), seen.count, confidence);
}

}  // namespace volley::program
