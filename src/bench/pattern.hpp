#pragma once
// Patterns: how many bytes each rank sends to each. A function of the ranks, the mean size and a
// seed: the same on all ranks without a message. Every rank sends `mean` bytes per rank of the
// group on average, so that patterns of one size are comparable.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::bench {

enum class PatternKind : std::uint8_t {
  uniform,
  zipf,         ///< the i-th most popular receiver gets a share proportional to 1 / i^parameter
  hotspot,      ///< one receiver gets this fraction of everything, the rest is uniform
  sparse,       ///< every rank sends to this number of ranks only; 0: an eighth of them
  permutation,  ///< every rank sends all to one rank, and receives from one
  matrix,       ///< bytes per pair from a file
  incast,       ///< all but `parameter` send to rank `parameter`, nobody else receives
};

struct PatternSpec {
  PatternKind kind = PatternKind::uniform;
  double parameter = 0;
  std::string file;  ///< of a matrix
};

/// "uniform", "zipf:1.2", "hotspot:0.5", "sparse:4", "permutation", "matrix:FILE".
base::Result<PatternSpec> parse_pattern(const std::string& text);
std::string print(const PatternSpec& spec);

class Pattern {
 public:
  /// `matrix_text`: the file's contents, a line per sender with one size per receiver, # begins a
  /// comment.
  static base::Result<Pattern> make(const PatternSpec& spec, std::uint32_t ranks,
                                    std::uint64_t seed, std::string_view matrix_text);

  std::uint64_t bytes(std::uint32_t from, std::uint32_t to, std::uint64_t mean) const;
  /// A matrix has its own sizes: `mean` does not matter.
  bool has_own_sizes() const { return spec_.kind == PatternKind::matrix; }
  /// Of a matrix: the mean over all pairs, self included.
  std::uint64_t own_mean() const;

 private:
  base::Status read_matrix(std::string_view text);

  PatternSpec spec_;
  std::uint32_t ranks_ = 1;
  std::vector<double> shares_;         ///< zipf, hotspot: of each receiver
  std::vector<bool> offsets_;          ///< sparse: whether rank r sends to r + i
  std::vector<std::uint32_t> target_;  ///< permutation
  std::vector<std::uint64_t> matrix_;  ///< by sender, then receiver
};

}  // namespace volley::bench
