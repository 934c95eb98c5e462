#pragma once
// What a run of `volley bench` found: rows of times by size, or a matrix of pairs, and under which
// conditions. Plain data; seconds and bytes per second.

#include "bench/options.hpp"
#include "bench/statistics.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace volley::bench {

/// One size measured in one way.
struct Row {
  std::string series;  ///< the algorithm asked for; congest: alone or loaded
  std::string method;  ///< what carried it, "pairwise w16 s4m"
  std::uint64_t bytes = 0;
  std::uint64_t iterations = 0;
  Summary slowest;  ///< of the iterations' times; an iteration's time is its slowest rank's
  Summary average;  ///< of the iterations' times averaged over the ranks
  /// A rank's time is the mean of its iterations; these are over the ranks.
  double rank_least = 0;
  double rank_mean = 0;
  double rank_most = 0;
  double algorithm_bandwidth = 0;
  double bus_bandwidth = 0;
  double imbalance = 1;
  double prepare_seconds = 0;
  std::optional<double> of_injection;  ///< bus bandwidth over measured injection bandwidth
  std::optional<double> of_mpi;        ///< shuffle: throughput over that of the same work with MPI
  std::optional<double> impact;        ///< congest: loaded over alone, median
  std::optional<double> impact_p99;
};

/// By sender, then receiver; 0 on the diagonal.
struct PairMatrix {
  std::size_t ranks = 0;
  std::uint64_t latency_bytes = 0;
  std::uint64_t bandwidth_bytes = 0;
  std::vector<double> latency;    ///< half a round trip, median
  std::vector<double> bandwidth;  ///< one direction, median
};

struct Conditions {
  std::string version;
  std::string library;
  std::string transport;
  std::string date;                                          ///< UTC, ISO 8601
  std::vector<std::pair<std::string, std::uint32_t>> hosts;  ///< with their ranks
  std::uint32_t ranks = 1;
  std::uint32_t nodes = 1;
  double injection = 0;  ///< per rank, all ranks at a time; 0: not measured
  double copy = 0;       ///< per rank, all ranks at a time; 0: not measured
  std::vector<std::pair<std::string, std::string>> environment;
};

struct Report {
  Options options;
  Conditions conditions;
  std::vector<Row> rows;
  std::optional<PairMatrix> pairs;
};

/// Pairs whose bandwidth is far below the others': (sender, receiver).
std::vector<std::pair<std::size_t, std::size_t>> slow_pairs(const PairMatrix& matrix);

}  // namespace volley::bench
