#include "bench/formats.hpp"

#include "base/units.hpp"
#include "bench/axis.hpp"
#include "bench/json.hpp"

#include <fmt/format.h>

#include <string_view>

namespace volley::bench {
namespace {

constexpr double micro = 1e6;
constexpr double giga = 1e-9;

std::string title_of(Kind kind) {
  switch (kind) {
    case Kind::alltoall:
      return "MPI All-to-All Personalized Exchange Latency Test";
    case Kind::alltoallv:
      return "MPI All-to-Allv Personalized Exchange Latency Test";
    case Kind::incast:
      return "Incast Latency Test";
    case Kind::congest:
      return "MPI All-to-Allv Latency Test of Victims, Alone And Loaded";
    case Kind::broadcast:
      return "MPI Broadcast Latency Test";
    case Kind::stream:
      return "Memory Copy Latency Test";
    case Kind::io:
      return "File Write And Read Latency Test";
    case Kind::pairs:
    case Kind::shuffle:
    case Kind::sort:
    case Kind::word_count:
      break;
  }
  return std::string(name_of(kind));
}

std::string imb_name(Kind kind) {
  switch (kind) {
    case Kind::alltoall:
      return "Alltoall";
    case Kind::alltoallv:
      return "Alltoallv";
    case Kind::broadcast:
      return "Bcast";
    default:
      return std::string(name_of(kind));
  }
}

// OSU: a column of 10 for the size, of 18 with 2 decimals for a time.
std::string osu_head(const Options& options) {
  std::string text = fmt::format(
      "\n# Volley {}, columns of the OSU benchmarks\n# Datatype: "
      "MPI_CHAR.\n{:<10}{:>18}",
      title_of(options.kind), "# Size", "Avg Latency(us)");
  if (options.full) {
    text += fmt::format("{:>18}{:>18}{:>12}", "Min Latency(us)", "Max Latency(us)", "Iterations");
  }
  if (options.percentiles) {
    for (const char* name : {"P50 Tail Lat(us)", "P90 Tail Lat(us)", "P99 Tail Lat(us)"}) {
      text += fmt::format("{:>18}", name);
    }
  }
  return text + "\n";
}

/// Kinds with two rows of a size name them in a comment, for which there is no column.
std::string halves(const Options& options, const Row& row) {
  const bool has = options.kind == Kind::congest || options.kind == Kind::io;
  return has ? fmt::format("# {}\n", row.series) : std::string{};
}

std::string osu_line(const Options& options, const Row& row) {
  std::string text = halves(options, row);
  text += fmt::format("{:<10}{:>18.2f}", row.bytes, row.rank_mean * micro);
  if (options.full) {
    text += fmt::format("{:>18.2f}{:>18.2f}{:>12}", row.rank_least * micro, row.rank_most * micro,
                        row.iterations);
  }
  if (options.percentiles) {
    for (const double time : {row.average.median, row.average.p90, row.average.p99}) {
      text += fmt::format("{:>18.2f}", time * micro);
    }
  }
  return text + "\n";
}

std::string imb_head(const Report& report) {
  const std::string rule = "#" + std::string(64, '-') + "\n";
  return fmt::format(
      "\n{}# Benchmarking {} \n# #processes = {} \n{}{:>13}{:>13}{:>13}{:>13}{:>13}\n", rule,
      imb_name(report.options.kind), report.conditions.ranks, rule, "#bytes", "#repetitions",
      "t_min[usec]", "t_max[usec]", "t_avg[usec]");
}

std::string imb_line(const Options& options, const Row& row) {
  return halves(options, row) + fmt::format("{:>13}{:>13}{:>13.2f}{:>13.2f}{:>13.2f}\n", row.bytes,
                                            row.iterations, row.rank_least * micro,
                                            row.rank_most * micro, row.rank_mean * micro);
}

std::string text_head(const Report& report) {
  const Conditions& where = report.conditions;
  std::string text =
      fmt::format("# {}\n# volley {}, {}, {}\n# {} on {}, {}\n", report.options.command_line,
                  where.version, where.library, where.date, counted(where.ranks, "rank"),
                  counted(where.nodes, "node"), where.transport);
  if (where.copy > 0) {
    text += fmt::format("# memory copies {:.2f} GB/s per rank, all ranks at a time\n",
                        where.copy * giga);
  }
  if (where.injection > 0) {
    text += fmt::format("# injection {:.2f} GB/s per rank, all ranks at a time\n",
                        where.injection * giga);
  }
  if (report.options.kind == Kind::pairs) return text;
  return text + fmt::format(
                    "{:<10} {:<10} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} "
                    "{:>9} {:>9} {:>6} {:>6}  {}\n",
                    "# series", "bytes", "iters", "min us", "median us", "ci low", "ci high",
                    "p90 us", "p99 us", "max us", "algbw", "busbw", "% inj", "imbal", "method");
}

std::string text_line(const Row& row) {
  const Summary& time = row.slowest;
  std::string text = fmt::format(
      "{:<10} {:<10} {:>7} {:>10.2f} {:>10.2f} {:>10.2f} {:>10.2f} {:>10.2f} {:>10.2f} "
      "{:>10.2f} {:>9.4f} {:>9.4f} {:>6} {:>6.2f}  {}",
      row.series, row.bytes, row.iterations, time.least * micro, time.median * micro,
      time.median_low * micro, time.median_high * micro, time.p90 * micro, time.p99 * micro,
      time.most * micro, row.algorithm_bandwidth * giga, row.bus_bandwidth * giga,
      row.of_injection ? fmt::format("{:.1f}", *row.of_injection * 100) : "-", row.imbalance,
      row.method);
  if (row.impact)
    text += fmt::format("  impact x{:.2f}, p99 x{:.2f}", *row.impact, *row.impact_p99);
  if (row.of_mpi) text += fmt::format("  x{:.2f} of MPI", *row.of_mpi);
  return text + "\n";
}

std::string csv_head(const Options& options) {
  if (options.kind == Kind::pairs) return "from,to,latency_us,bandwidth_gb_per_s\n";
  return "series,method,bytes,iterations,min_us,median_us,median_low_us,median_high_us,p90_us,"
         "p99_us,max_us,avg_us,rank_min_us,rank_max_us,algbw_gb_per_s,busbw_gb_per_s,"
         "percent_of_injection,imbalance,prepare_us,impact,of_mpi\n";
}

std::string csv_line(const Row& row) {
  const Summary& time = row.slowest;
  return fmt::format(
      "{},{},{},{},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.6f},"
      "{:.6f},{},{:.4f},{:.3f},{},{}\n",
      row.series, row.method, row.bytes, row.iterations, time.least * micro, time.median * micro,
      time.median_low * micro, time.median_high * micro, time.p90 * micro, time.p99 * micro,
      time.most * micro, row.rank_mean * micro, row.rank_least * micro, row.rank_most * micro,
      row.algorithm_bandwidth * giga, row.bus_bandwidth * giga,
      row.of_injection ? fmt::format("{:.2f}", *row.of_injection * 100) : "", row.imbalance,
      row.prepare_seconds * micro, row.impact ? fmt::format("{:.3f}", *row.impact) : "",
      row.of_mpi ? fmt::format("{:.3f}", *row.of_mpi) : "");
}

std::string matrix_text(const PairMatrix& matrix, const std::vector<double>& values, double scale) {
  std::string text = "from\\to";
  for (std::size_t to = 0; to < matrix.ranks; ++to) text += fmt::format("{:>9}", to);
  text += "\n";
  for (std::size_t from = 0; from < matrix.ranks; ++from) {
    text += fmt::format("{:>7}", from);
    for (std::size_t to = 0; to < matrix.ranks; ++to) {
      const double value = values[from * matrix.ranks + to] * scale;
      text += from == to ? fmt::format("{:>9}", "-") : fmt::format("{:>9.2f}", value);
    }
    text += "\n";
  }
  return text;
}

std::string pairs_text(const PairMatrix& matrix) {
  std::string text = fmt::format("# latency in us, {} B\n{}# bandwidth in GB/s, {}\n{}",
                                 matrix.latency_bytes, matrix_text(matrix, matrix.latency, micro),
                                 base::format_bytes(matrix.bandwidth_bytes),
                                 matrix_text(matrix, matrix.bandwidth, giga));
  for (const auto& [from, to] : slow_pairs(matrix)) {
    text += fmt::format("# slow: {} -> {} with {:.2f} GB/s\n", from, to,
                        matrix.bandwidth[from * matrix.ranks + to] * giga);
  }
  return text;
}

std::string pairs_csv(const PairMatrix& matrix) {
  std::string text;
  for (std::size_t from = 0; from < matrix.ranks; ++from) {
    for (std::size_t to = 0; to < matrix.ranks; ++to) {
      if (from == to) continue;
      const std::size_t at = from * matrix.ranks + to;
      text += fmt::format("{},{},{:.3f},{:.6f}\n", from, to, matrix.latency[at] * micro,
                          matrix.bandwidth[at] * giga);
    }
  }
  return text;
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> slow_pairs(const PairMatrix& matrix) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  std::vector<double> values;
  for (std::size_t from = 0; from < matrix.ranks; ++from) {
    for (std::size_t to = 0; to < matrix.ranks; ++to) {
      if (from == to) continue;
      pairs.emplace_back(from, to);
      values.push_back(matrix.bandwidth[from * matrix.ranks + to]);
    }
  }
  std::vector<std::pair<std::size_t, std::size_t>> slow;
  for (const std::size_t place : low_outliers(values)) slow.push_back(pairs[place]);
  return slow;
}

std::string head(const Report& report) {
  switch (report.options.format) {
    case Format::osu:
      return osu_head(report.options);
    case Format::imb:
      return imb_head(report);
    case Format::csv:
      return csv_head(report.options);
    case Format::json:
      return {};
    case Format::text:
      break;
  }
  return text_head(report);
}

std::string line(const Report& report, const Row& row) {
  switch (report.options.format) {
    case Format::osu:
      return osu_line(report.options, row);
    case Format::imb:
      return imb_line(report.options, row);
    case Format::csv:
      return csv_line(row);
    case Format::json:
      return {};
    case Format::text:
      break;
  }
  return text_line(row);
}

std::string tail(const Report& report) {
  if (report.options.format == Format::json) return as_json(report);
  if (!report.pairs) return {};
  return report.options.format == Format::csv ? pairs_csv(*report.pairs)
                                              : pairs_text(*report.pairs);
}

}  // namespace volley::bench
