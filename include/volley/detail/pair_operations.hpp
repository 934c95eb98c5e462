#pragma once
// PairOperations: the transformations of Rdd for records that are pairs of a key and a value.

#include <volley/detail/actions.hpp>
#include <volley/detail/combine_folds.hpp>
#include <volley/detail/operations.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/detail/sampling.hpp>
#include <volley/detail/sorted_partitions.hpp>
#include <volley/error.hpp>
#include <volley/order.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

/// `T` is a pair in everything that is called; the class itself is a base of every Rdd.
template <class Self, class T, class P>
class PairOperations {
 public:
  using Where = std::source_location;

  /// f(value) for each value; keeps the partitioner.
  template <class F>
  auto map_values(F f, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("map_values", T);
    return self().template then<MapValuesOp<F>>("map_values", f, where, partitioner());
  }
  /// Any number of values for each, as flat_map makes records; keeps the partitioner.
  template <class U = void, class F>
  auto flat_map_values(F f, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("flat_map_values", T);
    using V = typename T::second_type;
    if constexpr (std::is_invocable_v<F&, const V&>) {
      return self().template then<FlatMapValuesOp<F, void>>("flat_map_values", f, where,
                                                            partitioner());
    } else {
      using Result = std::conditional_t<std::is_void_v<U>, V, U>;
      return self().template then<FlatMapValuesOp<F, Result>>("flat_map_values", f, where,
                                                              partitioner());
    }
  }
  auto keys(Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("keys", T);
    return self().template then<ElementOp<0>>("keys", Nothing{}, where);
  }
  auto values(Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("values", T);
    return self().template then<ElementOp<1>>("values", Nothing{}, where);
  }

  /// One value per key, folded by the associative, commutative f(value, value); combined on the map
  /// side first. `partitions`: see Partitions; nothing moves when the RDD is partitioned so.
  template <class F>
  auto reduce_by_key(F f, Partitions partitions = {}, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("reduce_by_key", T);
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using V = owned_t<typename T::second_type>;
    return detail::fold_by_key<V, ReduceFold<V, F>>(self(), "reduce_by_key", f, partitions, where);
  }
  /// All values of each key, in map-partition order. A group must fit in memory.
  auto group_by_key(Partitions partitions = {}, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("group_by_key", T);
    using C = std::vector<owned_t<typename T::second_type>>;
    return detail::fold_by_key<C, GroupFold<C>>(self(), "group_by_key", Nothing{}, partitions,
                                                where);
  }
  /// One combiner of type C per key: create(value) -> C makes it from a first value, merge(C,
  /// value) adds a value, combine(C, C) adds what another map task made. The latter two return a C,
  /// or change their first argument and return nothing.
  template <class Create, class Merge, class Combine>
  auto combine_by_key(Create create, Merge merge, Combine combine, Partitions partitions = {},
                      Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("combine_by_key", T);
    VOLLEY_REQUIRE_SHIPPABLE(Create);
    VOLLEY_REQUIRE_SHIPPABLE(Merge);
    VOLLEY_REQUIRE_SHIPPABLE(Combine);
    using C = combiner_t<Create, typename T::second_type>;
    using Parts = Functions<Create, Merge, Combine>;
    return detail::fold_by_key<C, CombineByKeyFold<C, Parts>>(
        self(), "combine_by_key", make_functions(create, merge, combine), partitions, where);
  }
  /// As combine_by_key, where every key begins with a copy of `zero` on each map task:
  /// add(C, value), combine(C, C).
  template <class Z, class Add, class Combine>
  auto aggregate_by_key(Z zero, Add add, Combine combine, Partitions partitions = {},
                        Where where = Where::current()) const {
    return aggregate_keys("aggregate_by_key", to_owned(std::move(zero)), add, combine, partitions,
                          where);
  }
  /// The values of each key folded by f(value, value), beginning with a copy of `zero` on each map
  /// task.
  template <class Z, class F>
  auto fold_by_key(Z zero, F f, Partitions partitions = {}, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("fold_by_key", T);
    using V = owned_t<typename T::second_type>;
    return aggregate_keys("fold_by_key", V(std::move(zero)), f, f, partitions, where);
  }

  /// The same records where the partitioner puts them, a number of partitions meaning by hash.
  /// Nothing moves when they are there.
  auto partition_by(Partitions partitions, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("partition_by", T);
    return placed<PlainShuffleSource<T>>("partition_by", partitions, where);
  }
  /// The same, sorted by key within each partition, stable.
  auto repartition_and_sort_within_partitions(Partitions partitions, bool ascending_order = true,
                                              Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("repartition_and_sort_within_partitions", T);
    const char* const name = "repartition_and_sort_within_partitions";
    using Result = Rdd<owned_t<T>>;
    return ascending_order
               ? Result(placed<SortedPartitionsSource<T, Ascending>>(name, partitions, where))
               : Result(placed<SortedPartitionsSource<T, Descending>>(name, partitions, where));
  }
  /// Sorted by key over all partitions, stable. Samples the keys with a job of its own, at once.
  /// May give fewer partitions than asked when there are few distinct keys.
  auto sort_by_key(bool ascending_order = true, std::uint32_t partitions = 0,
                   Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("sort_by_key", T);
    return ascending_order ? detail::sort_by_key<Ascending>(self(), partitions, where)
                           : detail::sort_by_key<Descending>(self(), partitions, where);
  }
  /// The partitioner that sort_by_key would use; samples the keys with a job, at once.
  Partitioner range_partitioner(std::uint32_t partitions, bool ascending_order = true,
                                Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("range_partitioner", T);
    return ascending_order ? ranges<Ascending>(partitions, where)
                           : ranges<Descending>(partitions, where);
  }
  /// The pairs with low <= key <= high. Only partitions that can have such keys are read when the
  /// RDD is partitioned by ranges.
  template <class A, class B>
  Rdd<T> filter_by_range(const A& low, const B& high, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("filter_by_range", T);
    using K = owned_t<typename T::first_type>;
    const auto bounds = make_functions(Value<K>{K(low)}, Value<K>{K(high)});
    const auto within = [&](const auto& rdd) {
      return rdd.template then<KeyBetweenOp<K>>("filter_by_range", bounds, where,
                                                rdd.lineage()->partitioner());
    };
    if (partitioner().kind != Partitioner::Kind::range) return within(self());
    const auto call = load_partition_call<K>(*partitioner().function, partitioner().partitions);
    const auto [first, last] = std::minmax({call(K(low)), call(K(high))});
    return within(self().prune_partitions(
        [first = first, last = last](std::uint32_t i) { return first <= i && i <= last; }, where));
  }
  /// A sample with a fraction for each key, 0 for keys that are not named; see sample.
  template <class Fractions>
  Rdd<T> sample_by_key(bool with_replacement, const Fractions& fractions,
                       std::optional<std::uint64_t> seed = {},
                       Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("sample_by_key", T);
    StrataSample<owned_t<typename T::first_type>> strata;
    strata.with_replacement = with_replacement;
    strata.seed = seed ? *seed : self().lineage()->core()->next_identity();
    for (const auto& [key, fraction] : fractions) {
      if (!(fraction >= 0)) throw InvalidArgument("Negative sampling rates.");
      strata.fractions[to_owned(key)] = fraction;
    }
    return self().template then<CopiesOp<decltype(strata)>>("sample_by_key", strata, where,
                                                            partitioner());
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
  const Partitioner& partitioner() const { return self().lineage()->partitioner(); }

  template <class C, class Add, class Combine>
  auto aggregate_keys(const char* name, C zero, Add add, Combine combine,
                      const Partitions& partitions, Where where) const {
    VOLLEY_REQUIRE_PAIRS("aggregate_by_key", T);
    VOLLEY_REQUIRE_SHIPPABLE(Add);
    VOLLEY_REQUIRE_SHIPPABLE(Combine);
    using Parts = Functions<Value<C>, Add, Combine>;
    return detail::fold_by_key<C, AggregateByKeyFold<C, Parts>>(
        self(), name, make_functions(Value<C>{std::move(zero)}, add, combine), partitions, where);
  }
  template <class Source>
  auto placed(const char* name, const Partitions& partitions, Where where) const {
    using Q = Pipe<Source>;
    const LineagePtr& parent = self().lineage();
    const Partitioner wanted =
        partitions.partitioner()
            ? partitions.partitioner()
            : hash_partitioner(shuffle_partitions({parent}, partitions.count()));
    return Rdd<typename Q::record, Q>(
        make_lineage(parent->core(), name, wanted.partitions, {keyed_side(self(), wanted)},
                     {parent}, compute_closure<Q>({}), {}, wanted, where, {.parts = Source::parts}),
        true);
  }
  template <class Less>
  Partitioner ranges(std::uint32_t partitions, Where where) const {
    const auto found = sample_ranges<Less>(self(), "range_partitioner", partitions, where);
    return function_partitioner<owned_t<typename T::first_type>>(
        Partitioner::Kind::range, static_cast<std::uint32_t>(found.bounds.size() + 1), found);
  }
};

}  // namespace volley::detail
