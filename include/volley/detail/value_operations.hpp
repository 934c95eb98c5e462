#pragma once
// ValueOperations: the transformations of Rdd that treat records as values: keys made from them,
// sets of them, samples.

#include <volley/detail/operations.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/detail/sampling.hpp>
#include <volley/error.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace volley::detail {

/// `Self` is Rdd<T, P>.
template <class Self, class T, class P>
class ValueOperations {
 public:
  using Where = std::source_location;
  using Seed = std::optional<std::uint64_t>;

  /// (f(record), record). A key that views its record becomes owned.
  template <class F>
  auto key_by(F f, Where where = Where::current()) const {
    return self().template then<KeyByOp<F>>("key_by", f, where);
  }
  /// (key, all records with f(record) == key). A group must fit in memory.
  template <class F>
  auto group_by(F f, Partitions partitions = {}, Where where = Where::current()) const {
    return key_by(f, where).group_by_key(std::move(partitions), where);
  }
  /// Sorted by f(record) over all partitions, stable; see sort_by_key.
  template <class F>
  auto sort_by(F f, bool ascending_order = true, std::uint32_t partitions = 0,
               Where where = Where::current()) const {
    return key_by(f, where).sort_by_key(ascending_order, partitions, where).values(where);
  }
  /// All records of each partition as one vector.
  auto glom(Where where = Where::current()) const {
    return self().template partitions_operation<false>("glom", Glom{}, false, where);
  }

  /// Each record once. Nothing moves when the RDD has a partitioner and its number of partitions is
  /// wanted: equal records are in one partition then.
  auto distinct(std::uint32_t partitions = 0, Where where = Where::current()) const {
    const LineagePtr& lineage = self().lineage();
    const bool in_place =
        lineage->partitioner() && (partitions == 0 || partitions == lineage->partitions());
    const auto pairs = distinct_pairs(in_place ? 0 : partitions, where, in_place);
    return pairs.template then<ElementOp<0>>("keys", Nothing{}, where,
                                             in_place ? lineage->partitioner() : Partitioner{});
  }
  /// The records that are in both, each once.
  template <class U, class Q>
  Rdd<owned_t<T>> intersection(const Rdd<U, Q>& other, Partitions partitions = {},
                               Where where = Where::current()) const {
    static_assert(std::is_same_v<owned_t<T>, owned_t<U>>,
                  "intersection needs equal record types: map one side to the type of the other");
    const Partitioner partitioner =
        partitions.partitioner() ? partitions.partitioner()
                                 : hash_partitioner(shuffle_partitions(
                                       {self().lineage(), other.lineage()}, partitions.count()));
    return distinct_pairs(partitioner, where)
        .join(other.distinct_pairs(partitioner, where), partitioner, where)
        .keys(where);
  }
  /// The records that are not in the other, duplicates kept. `partitions` 0: as many as this has.
  template <class U, class Q>
  Rdd<owned_t<T>> subtract(const Rdd<U, Q>& other, Partitions partitions = {},
                           Where where = Where::current()) const {
    static_assert(std::is_same_v<owned_t<T>, owned_t<U>>,
                  "subtract needs equal record types: map one side to the type of the other");
    if (partitions.count() == 0) partitions = hash_partitioner(self().num_partitions());
    return marked(where).subtract_by_key(other.marked(where), partitions, where).keys(where);
  }

  /// Each record with probability `fraction`, or, with replacement, as often as a Poisson
  /// distribution with that mean says; keeps the partitioner. Equal seeds draw equal samples of
  /// equal partitions; without one, every call draws another one, the same in every run of the
  /// program. Throws InvalidArgument for a fraction below 0, or above 1 without replacement.
  Rdd<T> sample(bool with_replacement, double fraction, Seed seed = {},
                Where where = Where::current()) const {
    if (!(fraction >= 0)) {
      throw InvalidArgument("Fraction must be nonnegative, but got " + std::to_string(fraction));
    }
    const auto& partitioner = self().lineage()->partitioner();
    if (with_replacement) {
      return self().template then<CopiesOp<PoissonSample>>(
          "sample", PoissonSample{fraction, seed_or_next(seed), 0}, where, partitioner);
    }
    if (fraction > 1) {
      throw InvalidArgument("Upper bound (" + std::to_string(fraction) + ") must be <= 1.0");
    }
    return self().template then<FilterOp<CellSample>>(
        "sample", CellSample{0, fraction, seed_or_next(seed), 0}, where, partitioner);
  }
  /// Splits the records at random by weights, which need not add up to 1: the parts are disjoint
  /// and have every record. Throws InvalidArgument for negative weights and when all are 0.
  std::vector<Rdd<T>> random_split(const std::vector<double>& weights, Seed seed = {},
                                   Where where = Where::current()) const {
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (const double weight : weights) {
      if (!(weight >= 0)) {
        throw InvalidArgument("Weights must be nonnegative, but got " + std::to_string(weight));
      }
    }
    if (!(sum > 0)) {
      throw InvalidArgument("Sum of weights must be positive, but got " + std::to_string(sum));
    }
    const std::uint64_t drawn = seed_or_next(seed);
    std::vector<Rdd<T>> parts;
    double reached = 0;
    double low = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      reached += weights[i];
      const double high = i + 1 == weights.size() ? 1.0 : reached / sum;
      parts.push_back(self().template then<FilterOp<CellSample>>(
          "random_split", CellSample{low, high, drawn, 0}, where, self().lineage()->partitioner()));
      low = high;
    }
    return parts;
  }
  /// `count` records drawn at random, in random order; all of them when there are fewer and none
  /// may come twice. Throws InvalidArgument("Negative number of elements requested").
  std::vector<owned_t<T>> take_sample(bool with_replacement, std::int64_t count, Seed seed = {},
                                      Where where = Where::current()) const;

  // For the operations of other RDDs.
  auto marked(Where where) const {
    return self().template then<MapOp<MarkRecord>>("map", MarkRecord{}, where);
  }
  auto distinct_pairs(const Partitions& partitions, Where where, bool in_place = false) const {
    return detail::fold_by_key<Nothing, DistinctFold>(marked(where), "distinct", Nothing{},
                                                      partitions, where, in_place);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
  std::uint64_t seed_or_next(const Seed& seed) const {
    return seed ? *seed : self().lineage()->core()->next_identity();
  }
};

template <class Self, class T, class P>
std::vector<owned_t<T>> ValueOperations<Self, T, P>::take_sample(bool with_replacement,
                                                                 std::int64_t count, Seed seed,
                                                                 Where where) const {
  if (count < 0) throw InvalidArgument("Negative number of elements requested");
  if (count == 0) return {};
  const auto total = static_cast<std::uint64_t>(self().count(where));
  if (total == 0) return {};
  const auto wanted = static_cast<std::uint64_t>(count);
  SampleRandom random{SampleRandom::start(seed_or_next(seed), 0)};
  std::vector<owned_t<T>> drawn;
  if (!with_replacement && wanted >= total) {
    drawn = self().collect(where);
  } else {
    const double fraction = fraction_for_sample(wanted, total, with_replacement);
    do drawn = sample(with_replacement, fraction, random(), where).collect(where);
    while (drawn.size() < wanted);
  }
  for (std::size_t left = drawn.size(); left > 1; --left) {
    std::swap(drawn[left - 1], drawn[random() % left]);
  }
  if (drawn.size() > wanted) {
    drawn.erase(drawn.begin() + static_cast<std::ptrdiff_t>(wanted), drawn.end());
  }
  return drawn;
}

}  // namespace volley::detail
