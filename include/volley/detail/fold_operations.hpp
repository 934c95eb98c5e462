#pragma once
// FoldOperations: the actions of Rdd that fold all records to one value or to one per key, with
// functions of the program.

#include <volley/detail/fold_actions.hpp>
#include <volley/detail/operations.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/error.hpp>
#include <volley/order.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace volley {

/// What actions give that have a value for each key, in the order of the keys.
template <class K, class V>
using KeyMap = std::map<K, V, Ascending>;

namespace detail {

/// Throws InvalidArgument("Depth must be greater than or equal to 1 but got 0").
void check_depth(int depth);
/// Partitions of the next level of a tree of `depth` levels over `partitions`; 0: no more levels.
std::uint32_t next_level(std::uint32_t partitions, std::uint32_t first, int depth);

template <class Self, class T, class P>
class FoldOperations {
 public:
  using Where = std::source_location;

  /// The records folded by f(total, record), from a copy of `zero` in each partition; then the
  /// partitions' totals, from one more copy, in partition order: a zero that is not neutral counts
  /// once for each partition and once more. f returns a total, or changes its first argument and
  /// returns nothing.
  template <class Z, class F>
  owned_t<T> fold(Z zero, F f, Where where = Where::current()) const {
    return aggregate_as("fold", owned_t<T>(std::move(zero)), f, f, where);
  }
  /// The same with another type of total: add(total, record), combine(total, total).
  template <class Z, class AddTo, class Combine>
  auto aggregate(Z zero, AddTo add, Combine combine, Where where = Where::current()) const {
    return aggregate_as("aggregate", to_owned(std::move(zero)), add, combine, where);
  }
  /// As reduce, where executors combine the partitions' results first, in a tree of `depth` levels.
  /// Throws UnsupportedOperation("empty collection"), and InvalidArgument for a depth below 1.
  template <class F>
  owned_t<T> tree_reduce(F f, int depth = 2, Where where = Where::current()) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    check_depth(depth);
    using Level = Rdd<owned_t<T>>;
    using Q = Pipe<ReducePartitionSource<P, F>>;
    Level level = partition_results<Q>("tree_reduce", f, where);
    const std::uint32_t first = level.num_partitions();
    while (const std::uint32_t groups = next_level(level.num_partitions(), first, depth)) {
      level = by_level(level, groups, where).reduce_by_key(f, groups, where).values(where);
    }
    return level.reduce(f, where);
  }
  /// As aggregate, in a tree like that of tree_reduce. With `finish_on_executor` the last step to
  /// one total is a task too.
  template <class Z, class AddTo, class Combine>
  auto tree_aggregate(Z zero, AddTo add, Combine combine, int depth = 2,
                      bool finish_on_executor = false, Where where = Where::current()) const {
    VOLLEY_REQUIRE_SHIPPABLE(AddTo);
    check_depth(depth);
    using C = owned_t<Z>;
    using Level = Rdd<C>;
    using Q = Pipe<AggregatePartitionSource<P, C, AddTo>>;
    const C begin = to_owned(std::move(zero));
    if (self().num_partitions() == 0) return begin;
    Level level =
        partition_results<Q>("tree_aggregate", make_functions(Value<C>{begin}, add), where);
    const auto shrink = [&](std::uint32_t groups) {
      return Level(
          by_level(level, groups, where).fold_by_key(begin, combine, groups, where).values(where));
    };
    const std::uint32_t first = level.num_partitions();
    while (const std::uint32_t groups = next_level(level.num_partitions(), first, depth)) {
      level = shrink(groups);
    }
    if (finish_on_executor && level.num_partitions() > 1) level = shrink(1);
    return level.fold(begin, combine, where);
  }
  /// f(records) on the executors once per partition, also for empty ones; `records` as for
  /// map_partitions.
  template <class F>
  void foreach_partition(F f, Where where = Where::current()) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    self().template run<ForeachPartitionAction<F>>(
        "foreach_partition",
        [&](auto& out) { pack_function(out, f, name_call("foreach_partition", where)); },
        self().all_partitions(), where, [](std::uint32_t, const protocol::Bytes&) {});
  }

  /// How often each record comes.
  KeyMap<owned_t<T>, std::int64_t> count_by_value(Where where = Where::current()) const {
    return as_map<owned_t<T>, std::int64_t>(
        self()
            .template then<MapOp<CountOne>>("count_by_value", CountOne{}, where)
            .reduce_by_key(Add{}, {}, where)
            .collect(where));
  }
  /// Pairs only: how many pairs each key has.
  auto count_by_key(Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("count_by_key", T);
    using K = owned_t<typename T::first_type>;
    return as_map<K, std::int64_t>(
        self().map_values(One{}, where).reduce_by_key(Add{}, {}, where).collect(where));
  }
  /// Pairs only: all of them as a map; of equal keys the last one counts.
  auto collect_as_map(Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("collect_as_map", T);
    return as_map<owned_t<typename T::first_type>, owned_t<typename T::second_type>>(
        self().collect(where));
  }
  /// Pairs only: as reduce_by_key, but the keys of the partitions are brought together here, not by
  /// a shuffle.
  template <class F>
  auto reduce_by_key_locally(F f, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("reduce_by_key_locally", T);
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using K = owned_t<typename T::first_type>;
    using V = owned_t<typename T::second_type>;
    const auto shares = results<std::vector<std::pair<K, V>>, ReduceByKeyAction<F>>(
        "reduce_by_key_locally",
        [&](auto& out) { pack_function(out, f, name_call("reduce_by_key_locally", where)); },
        where);
    KeyMap<K, V> all;
    for (const auto& share : shares) {
      for (const auto& [key, value] : share) {
        const auto [at, fresh] = all.try_emplace(key, value);
        if (!fresh) fold_into(f, at->second, value);
      }
    }
    return all;
  }
  /// Pairs only: the values of a key, in partition order. Reads one partition when the RDD has a
  /// partitioner; throws InvalidArgument when that puts the key nowhere.
  template <class Key>
  auto lookup(const Key& key, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("lookup", T);
    using K = owned_t<typename T::first_type>;
    const Value<K> wanted{K(key)};
    const auto values = self().template then<LookupOp<K>>("lookup", wanted, where);
    const Partitioner& partitioner = self().lineage()->partitioner();
    if (!partitioner) return values.collect(where);
    const ReadyPartition<KeyPartition<K>> partition_of(key_partition<K>(partitioner));
    return values.template collect_with<CollectAction>(
        "lookup", [](auto&) {}, {partition_of(wanted.value)}, where);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }

  /// What action A gives for each partition.
  template <class Share, class A, class Pack>
  std::vector<Share> results(const char* name, Pack&& pack, Where where) const {
    std::vector<Share> shares(self().num_partitions());
    self().template run<A>(name, pack, self().all_partitions(), where,
                           [&](std::uint32_t index, const protocol::Bytes& result) {
                             shares.at(index) = decode_result<Share>(result);
                           });
    return shares;
  }
  template <class C, class AddTo, class Combine>
  C aggregate_as(const char* name, C zero, AddTo add, Combine combine, Where where) const {
    VOLLEY_REQUIRE_SHIPPABLE(AddTo);
    auto shares = results<C, AggregateAction<C, AddTo>>(
        name,
        [&](auto& out) {
          protocol::write(out, zero);
          pack_function(out, add, name_call(name, where));
        },
        where);
    for (const C& share : shares) fold_into(combine, zero, share);
    return zero;
  }
  template <class K, class V>
  static KeyMap<K, V> as_map(std::vector<std::pair<K, V>> pairs) {
    KeyMap<K, V> map;
    for (auto& [key, value] : pairs) map.insert_or_assign(std::move(key), std::move(value));
    return map;
  }
  template <class Q, class F>
  auto partition_results(const char* name, const F& function, Where where) const {
    auto captures = pack_operation(self().chained(), function, name_call(name, where));
    return Rdd<typename Q::record, Q>(
        make_narrow<Q>(self().lineage(), name, std::move(captures), {}, where), true);
  }
  template <class R>
  static auto by_level(const R& level, std::uint32_t groups, Where where) {
    return level.template then<MapOp<LevelKey>>("map", LevelKey{groups, 0}, where);
  }
};

}  // namespace detail
}  // namespace volley
