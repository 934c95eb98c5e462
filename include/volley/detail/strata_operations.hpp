#pragma once
// StrataOperations: samples of exactly the wanted size for each key. Every record, or each of its
// copies, gets a rank at random; of each key those of the least ranks are in the sample. A job
// finds the largest rank that is: it only brings ranks to the program that are near it.

#include <volley/detail/rdd_build.hpp>
#include <volley/detail/sampling.hpp>
#include <volley/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

namespace volley::detail {

inline constexpr std::uint64_t highest_rank = std::numeric_limits<std::uint64_t>::max();

/// Of one key.
struct Stratum {
  double mean = 0;  ///< copies of a record, with replacement; without, there is one
  std::uint64_t low = 0;
  std::uint64_t high = highest_rank;
};

/// The ranks of records, the same in every pass: they depend on the seed and the record's place.
template <class K>
struct RankedStrata {
  std::map<K, Stratum, KeyOrder> strata;
  bool with_replacement = false;
  std::uint64_t seed = 0;
  std::uint64_t state = 0;

  void begin_partition(std::uint32_t partition, std::uint32_t) {
    state = SampleRandom::start(seed, partition);
  }
  /// visit(stratum, rank) for each copy.
  template <class Key, class Visit>
  void visit_ranks(const Key& key, Visit&& visit) {
    SampleRandom places{state};
    SampleRandom random{mix64(places())};
    state = places.state;
    const auto found = strata.find(key);
    if (found == strata.end()) return;
    const std::uint32_t count = with_replacement ? random.poisson(found->second.mean) : 1;
    for (std::uint32_t i = 0; i < count; ++i) visit(*found, random());
  }
  /// For CopiesOp: the ranks that are not above `high`.
  template <class X>
  std::uint32_t copies(const X& record) {
    std::uint32_t kept = 0;
    visit_ranks(record.first, [&](const auto& stratum, std::uint64_t rank) {
      kept += rank <= stratum.second.high;
    });
    return kept;
  }
};

/// What a partition has of one stratum.
struct StratumShare {
  std::uint64_t below = 0;            ///< ranks under `low`
  std::uint64_t total = 0;            ///< all
  std::vector<std::uint64_t> inside;  ///< from `low` to `high`
};

template <class K>
struct RankAction {
  explicit RankAction(protocol::Reader& in) { protocol::read(in, ranked); }
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    ranked.begin_partition(source.partition, 0);
    std::map<K, StratumShare, KeyOrder> shares;
    auto add = [&](auto&& record) {
      ranked.visit_ranks(record.first, [&](const auto& stratum, std::uint64_t rank) {
        StratumShare& share = shares[stratum.first];
        ++share.total;
        share.below += rank < stratum.second.low;
        if (rank >= stratum.second.low && rank <= stratum.second.high) share.inside.push_back(rank);
      });
    };
    source(add);
    result = protocol::encode(shares);
  }
  RankedStrata<K> ranked;
};

/// Where the wanted rank is to be looked for first: `wanted` of about `expected` ranks are below.
inline Stratum likely_ranks(double mean, double wanted, double expected) {
  const double middle = std::min(wanted / expected, 1.0);
  const double width = 6 * std::sqrt(middle * (1 - middle) / expected) + 12 / expected;
  const auto rank = [](double part) {
    return part >= 1 ? highest_rank : static_cast<std::uint64_t>(std::max(part, 0.0) * 0x1p64);
  };
  return {mean, rank(middle - width), rank(middle + width)};
}

template <class Self, class T, class P>
class StrataOperations {
 public:
  using Where = std::source_location;

  /// Pairs only: a sample of ceil(fraction * number of records) of each key's records, exactly;
  /// `fractions` maps keys to fractions, keys without one are dropped. Runs a job that counts the
  /// keys and one or more that look at ranks, at once. Keeps the partitioner.
  template <class Fractions>
  Rdd<T> sample_by_key_exact(bool with_replacement, const Fractions& fractions,
                             std::optional<std::uint64_t> seed = {},
                             Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("sample_by_key_exact", T);
    using K = owned_t<typename T::first_type>;
    RankedStrata<K> ranked;
    ranked.with_replacement = with_replacement;
    ranked.seed = seed ? *seed : self().lineage()->core()->next_identity();
    std::map<K, std::uint64_t, KeyOrder> wanted;
    const auto counts = self().count_by_key(where);
    for (const auto& [given, fraction] : fractions) {
      check(fraction, with_replacement);
      const K key = to_owned(given);
      const auto counted = counts.find(key);
      if (counted == counts.end() || fraction == 0) continue;
      const auto count = static_cast<double>(counted->second);
      const double size = std::ceil(count * fraction);
      wanted[key] = static_cast<std::uint64_t>(size);
      const double mean = with_replacement ? (size + 6 * std::sqrt(size) + 12) / count : 1;
      ranked.strata[key] = likely_ranks(mean, size, mean * count);
    }
    find_ranks(ranked, wanted, where);
    return self().template then<CopiesOp<RankedStrata<K>>>("sample_by_key_exact", ranked, where,
                                                           self().lineage()->partitioner());
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
  static void check(double fraction, bool with_replacement) {
    if (!(fraction >= 0)) throw InvalidArgument("Negative sampling rates.");
    if (fraction > 1 && !with_replacement) {
      throw InvalidArgument("sampling rates without replacement must be at most 1");
    }
  }

  /// Sets each stratum's `high` to the rank of the last wanted record.
  template <class K>
  void find_ranks(RankedStrata<K>& ranked, const std::map<K, std::uint64_t, KeyOrder>& wanted,
                  Where where) const {
    RankedStrata<K> left = ranked;
    while (!left.strata.empty()) {
      auto shares = shares_of(left, where);
      for (auto at = left.strata.begin(); at != left.strata.end();) {
        StratumShare& share = shares[at->first];
        const std::uint64_t size = wanted.at(at->first);
        const bool inside = share.below < size && size <= share.below + share.inside.size();
        Stratum& found = ranked.strata.at(at->first);
        if (inside) {
          const auto last =
              share.inside.begin() + static_cast<std::ptrdiff_t>(size - 1 - share.below);
          std::nth_element(share.inside.begin(), last, share.inside.end());
          found.high = *last;
          at = left.strata.erase(at);
          continue;
        }
        if (share.total < size) found.mean = at->second.mean * 1.5;  // too few copies were drawn
        at->second = {found.mean, 0, highest_rank};
        ++at;
      }
    }
  }
  template <class K>
  std::map<K, StratumShare, KeyOrder> shares_of(const RankedStrata<K>& ranked, Where where) const {
    std::map<K, StratumShare, KeyOrder> all;
    self().template run<RankAction<K>>(
        "sample_by_key_exact", [&](auto& out) { protocol::write(out, ranked); },
        self().all_partitions(), where,
        [&](std::uint32_t, const protocol::Bytes& result) {
          for (auto& [key, share] : decode_result<std::map<K, StratumShare, KeyOrder>>(result)) {
            StratumShare& whole = all[key];
            whole.below += share.below;
            whole.total += share.total;
            whole.inside.insert(whole.inside.end(), share.inside.begin(), share.inside.end());
          }
        });
    return all;
  }
};

}  // namespace volley::detail
