#include "bench/tuning.hpp"

#include <algorithm>

namespace volley::bench {
namespace {

using exchange::Algorithm;
using exchange::Choice;

constexpr double good_enough = 1.03;
constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

}  // namespace

std::vector<Choice> tuning_candidates(std::uint64_t bytes, std::uint32_t nodes) {
  std::vector<Choice> candidates = {{Algorithm::pairwise}};
  // Fewer or smaller messages in flight make a difference only where there are several.
  if (bytes > 32 * kib) candidates.push_back({Algorithm::pairwise, 2, 1024 * mib});
  if (bytes > 256 * kib) candidates.push_back({Algorithm::pairwise, 8, 256 * kib});
  if (bytes > mib) candidates.push_back({Algorithm::pairwise, 8, mib});
  candidates.push_back({Algorithm::library});
  if (bytes <= 64 * kib) candidates.push_back({Algorithm::bruck});
  if (bytes <= 256 * kib && nodes > 1) candidates.push_back({Algorithm::node});
  return candidates;
}

std::vector<exchange::AlgorithmTable::Row> best_rows(std::span<const TuningResult> results,
                                                     std::uint32_t ranks, std::uint32_t nodes) {
  std::vector<exchange::AlgorithmTable::Row> rows;
  for (std::size_t begin = 0, end = 0; begin < results.size(); begin = end) {
    double fastest = results[begin].seconds;
    for (end = begin; end < results.size() && results[end].bytes == results[begin].bytes; ++end) {
      fastest = std::min(fastest, results[end].seconds);
    }
    const auto best = std::find_if(
        results.begin() + static_cast<std::ptrdiff_t>(begin), results.end(),
        [&](const TuningResult& each) { return each.seconds <= fastest * good_enough; });
    if (!rows.empty() && rows.back().choice == best->choice) {
      rows.back().bytes = best->bytes;
    } else {
      rows.push_back({ranks, nodes, best->bytes, best->choice});
    }
  }
  return rows;
}

}  // namespace volley::bench
