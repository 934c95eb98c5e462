#pragma once
// Statistics: count, mean, variance, least and largest of numbers, gathered one by one (Welford
// 1962) and merged without losing precision (Chan, Golub, LeVeque 1979).

#include <cmath>
#include <cstdint>
#include <limits>

namespace volley {

struct Statistics {
  std::int64_t count = 0;
  double mean_of_all = 0;
  double squares = 0;  ///< sum of squared differences from the mean
  double largest = -std::numeric_limits<double>::infinity();
  double least = std::numeric_limits<double>::infinity();

  void add(double value) {
    const double delta = value - mean_of_all;
    ++count;
    mean_of_all += delta / static_cast<double>(count);
    squares += delta * (value - mean_of_all);
    largest = larger(largest, value);
    least = smaller(least, value);
  }
  void merge(const Statistics& other) {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const auto mine = static_cast<double>(count);
    const auto theirs = static_cast<double>(other.count);
    const double delta = other.mean_of_all - mean_of_all;
    // The larger side's mean is the better one to start from.
    if (theirs * 10 < mine) {
      mean_of_all += delta * theirs / (mine + theirs);
    } else if (mine * 10 < theirs) {
      mean_of_all = other.mean_of_all - delta * mine / (mine + theirs);
    } else {
      mean_of_all = (mean_of_all * mine + other.mean_of_all * theirs) / (mine + theirs);
    }
    squares += other.squares + delta * delta * mine * theirs / (mine + theirs);
    count += other.count;
    largest = larger(largest, other.largest);
    least = smaller(least, other.least);
  }

  double sum() const { return mean_of_all * static_cast<double>(count); }
  /// NaN of nothing, as the others.
  double mean() const { return count == 0 ? nan() : mean_of_all; }
  double max() const { return largest; }
  double min() const { return least; }
  /// Of the population: the mean square of the differences from the mean.
  double variance() const { return count == 0 ? nan() : squares / static_cast<double>(count); }
  double pop_variance() const { return variance(); }
  /// An estimate from a sample: divided by count - 1; NaN of less than two.
  double sample_variance() const {
    return count <= 1 ? nan() : squares / static_cast<double>(count - 1);
  }
  double stdev() const { return std::sqrt(variance()); }
  double pop_stdev() const { return stdev(); }
  double sample_stdev() const { return std::sqrt(sample_variance()); }

 private:
  static double nan() { return std::numeric_limits<double>::quiet_NaN(); }
  /// NaN is passed on.
  static double larger(double a, double b) { return a > b || a != a ? a : b; }
  static double smaller(double a, double b) { return a < b || a != a ? a : b; }
};

}  // namespace volley
