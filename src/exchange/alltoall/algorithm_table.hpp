#pragma once
// AlgorithmTable: which all-to-all algorithm to use for how many ranks, nodes and bytes. The
// built-in table is a guess that is right nowhere in particular; `volley bench alltoallv --tune`
// measures one for a machine. Pure: no MPI.
//
// The file: lines of "ranks nodes bytes algorithm window segment" in any order, # begins a comment.
// A row holds up to `bytes` per pair of ranks; the last row of a (ranks, nodes) for all above.

#include "base/result.hpp"
#include "exchange/alltoall/exchange_shape.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::exchange {

enum class Algorithm : std::uint8_t { library, pairwise, bruck, node, shuffle, automatic };

inline constexpr std::array all_algorithms = {Algorithm::library, Algorithm::pairwise,
                                              Algorithm::bruck,   Algorithm::node,
                                              Algorithm::shuffle, Algorithm::automatic};

inline constexpr std::uint32_t default_window = 16;
inline constexpr std::uint64_t default_segment = 4ULL << 20U;

/// "library", "pairwise", "bruck", "node", "shuffle", "auto".
std::string_view name_of(Algorithm algorithm);
base::Result<Algorithm> parse_algorithm(std::string_view name);

/// An algorithm with its limits on what is in flight.
struct Choice {
  Algorithm algorithm = Algorithm::pairwise;
  std::uint32_t window = default_window;
  std::uint64_t segment = default_segment;
  bool operator==(const Choice&) const = default;
};

class AlgorithmTable {
 public:
  struct Row {
    std::uint32_t ranks = 0;
    std::uint32_t nodes = 0;
    std::uint64_t bytes = 0;  ///< per pair of ranks, inclusive
    Choice choice;
    bool operator==(const Row&) const = default;
  };

  AlgorithmTable() = default;
  explicit AlgorithmTable(std::vector<Row> rows);
  /// The failure names `file` and the line.
  static base::Result<AlgorithmTable> parse(std::string_view text, const std::string& file);
  static const AlgorithmTable& built_in();

  /// With `comment` (lines without #) before the rows.
  std::string print(std::string_view comment) const;

  /// From the rows of the nearest machine: nodes count first (one or several), then ranks by ratio.
  /// An uneven or sparse exchange never gets an algorithm that pads or forwards.
  Choice choose(const ShapeFacts& facts) const;

  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<Row> rows_;  ///< by (nodes, ranks, bytes)
};

}  // namespace volley::exchange
