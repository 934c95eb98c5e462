#pragma once
// Session: what the measurements of one run share on a rank: what was asked, the ranks, and the
// report, which rank 0 prints as it grows.

#include "bench/kernels/exchange_operation.hpp"
#include "bench/kernels/measure.hpp"
#include "bench/report.hpp"
#include "exchange/alltoall/alltoall.hpp"

#include <functional>
#include <string>

namespace volley::bench {

struct Session {
  const Options& options;
  const exchange::RankGroup& group;
  Pattern pattern;
  exchange::AlgorithmTable table;
  Report report;
  std::function<void(const std::string&)> print;  ///< for rank 0

  /// Sizes to measure: those of the options, or the matrix's own.
  std::vector<std::uint64_t> sizes() const;
  LoopLimits limits(std::uint64_t bytes) const;
  /// The seed when contents are to be checked.
  std::optional<std::uint64_t> seed() const;
  exchange::AllToAllOptions exchange_options(exchange::Algorithm algorithm) const;
  void add(Row row);
};

/// The row's times; bandwidths and the rest are the caller's.
Row row_of(const Measured& measured, std::string series, std::string method, std::uint64_t bytes);
/// Bandwidths from the median and the traffic; how much that is of the injection bandwidth.
void rate(Row& row, const Traffic& traffic, double injection);
/// Of all-to-all traffic of `bytes` in total that is spread evenly.
Traffic traffic_of_shuffle(std::uint64_t bytes, std::uint32_t ranks);
/// "pairwise w16 s4m"; "library".
std::string print(const exchange::Choice& choice);

/// Bytes of memory that a rank needs for the options' largest size.
double memory_need(const Options& options, const Pattern& pattern, std::uint32_t ranks,
                   std::uint32_t self);

/// The measurements; collective over the session's group.
base::Status run_exchanges(Session& session);
base::Status run_tune(Session& session);
base::Status run_congest(Session& session);
base::Status run_broadcast(Session& session);
base::Status run_stream(Session& session);
base::Status run_io(Session& session);

/// What a rank can inject, and copy, with all ranks at it. Collective.
base::Result<double> injection_bandwidth(const exchange::RankGroup& group);
base::Result<double> copy_bandwidth(const exchange::RankGroup& group);

}  // namespace volley::bench
