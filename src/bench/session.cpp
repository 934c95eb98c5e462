#include "bench/session.hpp"

#include "bench/formats.hpp"
#include "exchange/data_mover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace volley::bench {

std::vector<std::uint64_t> Session::sizes() const {
  if (pattern.has_own_sizes()) return {pattern.own_mean()};
  return sizes_of(options);
}

LoopLimits Session::limits(std::uint64_t bytes) const {
  return {iterations_of(options, bytes), warm_up_of(options, bytes), options.seconds};
}

std::optional<std::uint64_t> Session::seed() const {
  return options.validate ? std::optional(options.seed) : std::nullopt;
}

exchange::AllToAllOptions Session::exchange_options(exchange::Algorithm algorithm) const {
  exchange::AllToAllOptions chosen;
  chosen.algorithm = algorithm;
  if (algorithm == exchange::Algorithm::shuffle) {
    const exchange::MoverOptions shuffle;
    chosen.window = shuffle.window;
    chosen.segment = shuffle.segment_bytes;
  }
  if (options.window) chosen.window = *options.window;
  if (options.segment) chosen.segment = *options.segment;
  chosen.regular = options.kind == Kind::alltoall;
  chosen.table = &table;
  return chosen;
}

void Session::add(Row row) {
  if (group.rank() == 0) print(line(report, row));
  report.rows.push_back(std::move(row));
}

Row row_of(const Measured& measured, std::string series, std::string method, std::uint64_t bytes) {
  Row row;
  row.series = std::move(series);
  row.method = std::move(method);
  row.bytes = bytes;
  row.iterations = measured.slowest.size();
  row.slowest = summarize(measured.slowest);
  row.average = summarize(measured.average);
  row.rank_least = measured.rank_least;
  row.rank_mean = measured.rank_mean;
  row.rank_most = measured.rank_most;
  return row;
}

void rate(Row& row, const Traffic& traffic, double injection) {
  row.imbalance = traffic.imbalance;
  if (row.slowest.median <= 0) return;
  row.algorithm_bandwidth = traffic.busiest / row.slowest.median;
  row.bus_bandwidth = traffic.busiest_network / row.slowest.median;
  if (injection > 0) row.of_injection = row.bus_bandwidth / injection;
}

Traffic traffic_of_shuffle(std::uint64_t bytes, std::uint32_t ranks) {
  const double each = static_cast<double>(bytes) / ranks;
  return {each, each * (ranks - 1) / ranks, 1};
}

std::string print(const exchange::Choice& choice) {
  const std::string name(exchange::name_of(choice.algorithm));
  if (choice.algorithm == exchange::Algorithm::library) return name;
  std::uint64_t segment = choice.segment;
  const char* unit = "";
  for (const char* larger : {"k", "m", "g"}) {
    if (segment % 1024 != 0) break;
    segment /= 1024;
    unit = larger;
  }
  return fmt::format("{} w{} s{}{}", name, choice.window, segment, unit);
}

double memory_need(const Options& options, const Pattern& pattern, std::uint32_t ranks,
                   std::uint32_t self) {
  const auto largest = static_cast<double>(options.largest);
  switch (options.kind) {
    case Kind::broadcast:
      return largest;
    case Kind::stream:
      return 2 * largest;
    case Kind::io:
      return 4U << 20U;
    case Kind::pairs:
      return largest * (1 + options.window.value_or(8));
    default:
      break;
  }
  double bytes = 0;
  for (std::uint32_t rank = 0; rank < ranks; ++rank) {
    bytes += static_cast<double>(pattern.bytes(self, rank, options.largest));
    bytes += static_cast<double>(pattern.bytes(rank, self, options.largest));
  }
  const auto load = static_cast<double>(options.aggressor_bytes) * 2 * ranks;
  if (options.kind == Kind::congest) bytes = std::max(bytes, load);
  return bytes;
}

}  // namespace volley::bench
