#include "bench/options_rules.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace volley::bench {

using base::Done;
using base::Failure;
using base::Status;

Status complete(Options& options, bool sized_below, bool sized_above) {
  if (options.kind == Kind::pairs && !sized_below) options.smallest = 8;
  if (options.kind == Kind::pairs && !sized_above) options.largest = 1ULL << 20U;
  if (options.kind == Kind::stream || options.kind == Kind::io || is_dataflow(options.kind)) {
    const std::uint64_t usual = options.kind == Kind::stream ? 64U << 20U
                                : options.kind == Kind::io   ? 256U << 20U
                                                             : 1U << 30U;
    if (!sized_above) options.largest = std::max(usual, options.smallest);
    if (!sized_below) options.smallest = options.largest;
  }
  if (!sized_above) options.largest = std::max(options.largest, options.smallest);
  if (!sized_below) options.smallest = std::min(options.largest, options.smallest);
  if (options.smallest > options.largest) {
    return Failure{fmt::format("the smallest size, {}, is above the largest, {}",
                               base::format_bytes(options.smallest),
                               base::format_bytes(options.largest))};
  }
  const std::uint64_t limit = options.kind == Kind::pairs ? 1ULL << 30U : 1ULL << 40U;
  if (options.largest > limit) {
    return Failure{
        fmt::format("sizes of {} go up to {}", name_of(options.kind), base::format_bytes(limit))};
  }
  const bool osu_like = options.format == Format::osu || options.format == Format::imb;
  if (osu_like && options.kind == Kind::pairs) {
    return Failure{
        fmt::format("pairs prints a matrix, for which --format {} has no columns; use "
                    "text, csv or json",
                    name_of(options.format))};
  }
  if (osu_like && is_dataflow(options.kind)) {
    return Failure{
        fmt::format("{} is no call of MPI, and --format {} has columns for these; use "
                    "text, csv or json",
                    name_of(options.kind), name_of(options.format))};
  }
  if (options.kind == Kind::shuffle && options.pattern.kind == PatternKind::matrix) {
    return Failure{
        "--dist matrix:FILE has sizes of its own, and a shuffle has --bytes; use alltoallv"};
  }
  if (is_dataflow(options.kind) && options.smallest < 1000) {
    return Failure{fmt::format("sizes of {} begin at 1000 bytes", name_of(options.kind))};
  }
  if ((options.full || options.percentiles) && options.format != Format::osu) {
    return Failure{"--full and --percentiles are for --format osu; the others show all there is"};
  }
  if (osu_like && options.algorithms.size() > 1) {
    return Failure{fmt::format("--format {} has no column for the algorithm: give one",
                               name_of(options.format))};
  }
  if (!options.tune_file.empty() && (osu_like || !options.algorithms.empty())) {
    return Failure{"--tune measures all algorithms: leave --algo and --format osu or imb out"};
  }
  if (options.algorithms.empty()) options.algorithms = {exchange::Algorithm::automatic};
  return Done{};
}

}  // namespace volley::bench
