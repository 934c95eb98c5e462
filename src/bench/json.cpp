#include "bench/json.hpp"

#include <boost/json.hpp>

namespace volley::bench {
namespace {

namespace json = boost::json;

constexpr double micro = 1e6;
constexpr double giga = 1e-9;

json::object options_of(const Options& options) {
  json::array algorithms;
  for (const auto algorithm : options.algorithms) algorithms.emplace_back(name_of(algorithm));
  json::object object{
      {"distribution", print(options.pattern)},
      {"algorithms", algorithms},
      {"min_bytes", options.smallest},
      {"max_bytes", options.largest},
      {"time_limit_s", options.seconds},
      {"validate", options.validate},
      {"seed", options.seed},
      {"node_ranks", options.node_ranks},
      {"root", options.root},
  };
  if (options.window) object["window"] = *options.window;
  if (options.segment) object["segment"] = *options.segment;
  return object;
}

json::object times_of(const Summary& times) {
  return {{"min", times.least * micro},
          {"median", times.median * micro},
          {"median_low", times.median_low * micro},
          {"median_high", times.median_high * micro},
          {"p90", times.p90 * micro},
          {"p99", times.p99 * micro},
          {"max", times.most * micro},
          {"mean", times.mean * micro}};
}

json::object row_of(const Row& row, bool validated) {
  json::object object{{"series", row.series},
                      {"method", row.method},
                      {"bytes", row.bytes},
                      {"iterations", row.iterations},
                      {"slowest_rank_us", times_of(row.slowest)},
                      {"average_over_ranks_us", times_of(row.average)},
                      {"rank_min_us", row.rank_least * micro},
                      {"rank_avg_us", row.rank_mean * micro},
                      {"rank_max_us", row.rank_most * micro},
                      {"algbw_gb_per_s", row.algorithm_bandwidth * giga},
                      {"busbw_gb_per_s", row.bus_bandwidth * giga},
                      {"imbalance", row.imbalance},
                      {"prepare_us", row.prepare_seconds * micro},
                      {"validated", validated}};
  if (row.of_injection) object["percent_of_injection"] = *row.of_injection * 100;
  if (row.of_mpi) object["of_mpi"] = *row.of_mpi;
  if (row.impact) object["impact"] = *row.impact;
  if (row.impact_p99) object["impact_p99"] = *row.impact_p99;
  return object;
}

json::array matrix_of(const PairMatrix& matrix, const std::vector<double>& values, double scale) {
  json::array rows;
  for (std::size_t from = 0; from < matrix.ranks; ++from) {
    json::array row;
    for (std::size_t to = 0; to < matrix.ranks; ++to) {
      if (from == to) {
        row.emplace_back(nullptr);
      } else {
        row.emplace_back(values[from * matrix.ranks + to] * scale);
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

json::object pairs_of(const PairMatrix& matrix) {
  json::array slow;
  for (const auto& [from, to] : slow_pairs(matrix)) slow.push_back(json::array{from, to});
  return {{"latency_bytes", matrix.latency_bytes},
          {"bandwidth_bytes", matrix.bandwidth_bytes},
          {"latency_us", matrix_of(matrix, matrix.latency, micro)},
          {"bandwidth_gb_per_s", matrix_of(matrix, matrix.bandwidth, giga)},
          {"slow_pairs", slow}};
}

}  // namespace

std::string as_json(const Report& report) {
  const Conditions& where = report.conditions;
  json::array hosts;
  for (const auto& [name, ranks] : where.hosts) {
    hosts.push_back(json::object{{"name", name}, {"ranks", ranks}});
  }
  json::object environment;
  for (const auto& [name, value] : where.environment) environment[name] = value;
  json::array rows;
  for (const Row& row : report.rows) rows.push_back(row_of(row, report.options.validate));
  json::object object{{"benchmark", name_of(report.options.kind)},
                      {"command", report.options.command_line},
                      {"volley", where.version},
                      {"mpi_library", where.library},
                      {"transport", where.transport},
                      {"date", where.date},
                      {"hosts", hosts},
                      {"ranks", where.ranks},
                      {"nodes", where.nodes},
                      {"options", options_of(report.options)},
                      {"environment", environment}};
  if (where.injection > 0) object["injection_gb_per_s"] = where.injection * giga;
  if (where.copy > 0) object["copy_gb_per_s"] = where.copy * giga;
  if (report.pairs) {
    object["pairs"] = pairs_of(*report.pairs);
  } else {
    object["rows"] = std::move(rows);
  }
  return json::serialize(object) + "\n";
}

}  // namespace volley::bench
