#pragma once
// What `volley bench` is asked to do: the kinds of measurement, their options, and the parse of the
// command line. One table is the parser's and the help's. Pure.

#include "base/result.hpp"
#include "bench/pattern.hpp"
#include "exchange/alltoall/algorithm_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace volley::bench {

enum class Kind : std::uint8_t {
  alltoall,
  alltoallv,
  pairs,
  incast,
  congest,
  broadcast,
  stream,
  io,
  shuffle,
  sort,
  word_count
};
enum class Format : std::uint8_t { text, osu, imb, csv, json };

std::string_view name_of(Kind kind);
std::string_view name_of(Format format);
/// Whether a kind measures the whole dataflow path, by an application on roles and executors.
bool is_dataflow(Kind kind);

struct Options {
  Kind kind = Kind::alltoallv;
  std::uint32_t ranks = 0;  ///< to start, when no launcher has; 0: one per core
  Format format = Format::text;
  bool full = false;         ///< osu: minimum, maximum and iterations too
  bool percentiles = false;  ///< osu: P50, P90, P99 too
  std::vector<exchange::Algorithm> algorithms;
  PatternSpec pattern;
  std::optional<std::uint32_t> window;
  std::optional<std::uint64_t> segment;
  std::uint64_t smallest = 1;
  std::uint64_t largest = 4ULL << 20U;
  std::optional<std::uint64_t> iterations;
  std::optional<std::uint64_t> warm_up;
  double seconds = 2;  ///< for one row at most
  bool validate = false;
  std::uint64_t seed = 1;
  std::uint32_t node_ranks = 0;  ///< ranks to a node; 0: as the machine is
  std::uint32_t root = 0;
  std::uint32_t victims = 0;  ///< congest; 0: half of the ranks
  std::uint64_t aggressor_bytes = 1ULL << 20U;
  bool concurrent = false;  ///< pairs: disjoint pairs at a time
  std::string directory;    ///< io; empty: the scratch directory
  std::vector<std::pair<std::string, std::string>> configuration;  ///< of a dataflow kind
  std::string table_file;
  std::string tune_file;
  std::string plot_file;
  std::string command_line;  ///< as given, for the record
};

/// A request for help, or what to do.
struct Parsed {
  bool help = false;
  Options options;
};

/// `arguments` after "bench". The failure says what is wrong and what is right.
base::Result<Parsed> parse_options(const std::vector<std::string>& arguments);

/// What `volley help bench` prints.
std::string help_text();

/// Powers of two from the smallest size to the largest; both ends are in it.
std::vector<std::uint64_t> sizes_of(const Options& options);

/// Iterations of a row of this size when nobody said: as the OSU benchmarks do.
std::uint64_t iterations_of(const Options& options, std::uint64_t bytes);
std::uint64_t warm_up_of(const Options& options, std::uint64_t bytes);

}  // namespace volley::bench
