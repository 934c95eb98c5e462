#pragma once
// Estimates of what all partitions would give from the results of some of them, with the bounds
// that hold with a given probability: Spark's models. Exact once all partitions are there.

#include <volley/partial_result.hpp>
#include <volley/statistics.hpp>

#include <cstdint>

namespace volley::program {

/// How many of the partitions have given their results.
struct Coverage {
  std::uint32_t merged = 0;
  std::uint32_t total = 0;
  bool complete() const { return merged == total; }
};

/// Throws InvalidArgument unless it is between 0 and 1.
void check_confidence(double confidence);

/// What is left to be counted has a negative binomial distribution.
BoundedDouble estimate_count(const Coverage& coverage, std::int64_t counted, double confidence);
/// By Student's t distribution.
BoundedDouble estimate_mean(const Coverage& coverage, const Statistics& seen, double confidence);
/// The product of both.
BoundedDouble estimate_sum(const Coverage& coverage, const Statistics& seen, double confidence);

}  // namespace volley::program
