#pragma once
// LayoutOperations: the transformations of Rdd that say which records lie in which partition, and
// those that put partitions side by side.

#include "program/preferred_hosts.hpp"

#include <volley/detail/layout_sources.hpp>
#include <volley/detail/operations.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/error.hpp>

#include <algorithm>
#include <cstdint>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

template <class R>
struct is_rdd : std::false_type {};
template <class T, class P>
struct is_rdd<Rdd<T, P>> : std::true_type {};
template <class R>
concept AnyRdd = is_rdd<R>::value;

/// A narrow dependency on the listed partitions.
protocol::Dependency on_groups(const LineagePtr& parent,
                               std::vector<std::vector<std::uint32_t>> groups);
/// Throws InvalidArgument for a group of a partition that does not exist.
void check_groups(const std::vector<std::vector<std::uint32_t>>& groups, std::uint32_t partitions);
/// Throws InvalidArgument("Can't zip RDDs with unequal numbers of partitions: List(2, 3)").
void check_zip(const std::vector<LineagePtr>& parents);

template <class Self, class T, class P>
class LayoutOperations {
 public:
  using Where = std::source_location;

  /// Fewer partitions, made without moving records between tasks, of neighbouring ones or of those
  /// that prefer the same host; never more than there are. With `shuffle`, as repartition. Throws
  /// InvalidArgument for 0 partitions.
  Rdd<T> coalesce(std::uint32_t partitions, Where where = Where::current()) const {
    check_positive(partitions);
    auto found = program::group_partitions(program::preferred_hosts(*self().lineage()), partitions);
    return grouped("coalesce", std::move(found.groups), where, std::move(found.hosts));
  }
  /// The same with groups of one's own: `choose(hosts, partitions)` is called here and now with the
  /// hosts that each partition prefers, and returns the partitions of each group.
  template <class Choose>
  requires std::is_invocable_v < Choose&, const std::vector<program::PreferredHosts>
  &, std::uint32_t > Rdd<T> coalesce(std::uint32_t partitions, Choose choose,
                                     Where where = Where::current()) const {
    check_positive(partitions);
    const auto hosts = program::preferred_hosts(*self().lineage());
    std::vector<std::vector<std::uint32_t>> groups = choose(hosts, partitions);
    check_groups(groups, self().num_partitions());
    return grouped("coalesce", std::move(groups), where);
  }
  Rdd<owned_t<T>> coalesce(std::uint32_t partitions, bool shuffle,
                           Where where = Where::current()) const {
    if (shuffle) return repartition(partitions, where);
    return coalesce(partitions, where)
        .template then<MapOp<MakeOwned>>("coalesce", MakeOwned{}, where);
  }
  /// As many partitions of about equal size: records are dealt in turn, from a start that depends
  /// on their partition only. Throws InvalidArgument for 0 partitions.
  Rdd<owned_t<T>> repartition(std::uint32_t partitions, Where where = Where::current()) const {
    check_positive(partitions);
    using Q = Pipe<PlainShuffleSource<T>>;
    auto dependency = shuffle_dependency(self(), &dealing_map_task<P>, Nothing{}, partitions,
                                         [](protocol::Writer&) {});
    const LineagePtr& parent = self().lineage();
    return Rdd<owned_t<T>, Q>(
        make_lineage(parent->core(), "repartition", partitions, {std::move(dependency)}, {parent},
                     compute_closure<Q>({}), {}, {}, where,
                     {.parts = PlainShuffleSource<T>::parts}),
        true);
  }
  /// The partitions for whose index keep(index) is true; it is called here and now. Tasks run for
  /// these only.
  template <class Keep>
  Rdd<T> prune_partitions(Keep&& keep, Where where = Where::current()) const {
    std::vector<std::vector<std::uint32_t>> kept;
    for (std::uint32_t i = 0; i < self().num_partitions(); ++i) {
      if (keep(i)) kept.push_back({i});
    }
    return grouped("prune_partitions", std::move(kept), where);
  }

  /// (record, number): consecutive from the first record of the first partition on. Counts the
  /// records with a job of its own, at once, when there is more than one partition.
  auto zip_with_index(Where where = Where::current()) const {
    Indices indices;
    indices.starts.assign(std::max(self().num_partitions(), 1U), 0);
    if (self().num_partitions() > 1) {
      self().template run<CountAction>(
          "zip_with_index", [](auto&) {}, index_range(0, self().num_partitions() - 1), where,
          [&](std::uint32_t index, const protocol::Bytes& result) {
            indices.starts.at(index + 1) = decode_result<std::int64_t>(result);
          });
    }
    for (std::size_t i = 1; i < indices.starts.size(); ++i) {
      indices.starts[i] += indices.starts[i - 1];
    }
    return self().template then<NumberOp<Indices>>("zip_with_index", indices, where);
  }
  /// (record, number): record i of partition k of n has number i * n + k. Needs no job.
  auto zip_with_unique_id(Where where = Where::current()) const {
    return self().template then<NumberOp<UniqueIds>>("zip_with_unique_id", UniqueIds{}, where);
  }
  /// (this record, that record) for the records in order. Throws InvalidArgument when the numbers
  /// of partitions differ; the job fails when those of records in a partition do.
  template <class U, class Q>
  auto zip(const Rdd<U, Q>& other, Where where = Where::current()) const {
    using Zipped = Pipe<ZipSource<T, U>>;
    check_zip({self().lineage(), other.lineage()});
    return side_by_side<Zipped>("zip", {}, {}, where, other);
  }
  /// f(records, records of other) -> range, once per partition; `records` as for map_partitions.
  /// Throws InvalidArgument when the numbers of partitions differ.
  template <AnyRdd A, class F>
  requires(!AnyRdd<F>) auto zip_partitions(const A& a, F f, bool preserves_partitioning = false,
                                           Where where = Where::current()) const {
    return zip_all(f, preserves_partitioning, where, a);
  }
  /// The same with three and with four RDDs.
  template <AnyRdd A, AnyRdd B, class F>
  requires(!AnyRdd<F>) auto zip_partitions(const A& a, const B& b, F f,
                                           bool preserves_partitioning = false,
                                           Where where = Where::current()) const {
    return zip_all(f, preserves_partitioning, where, a, b);
  }
  template <AnyRdd A, AnyRdd B, AnyRdd C, class F>
  requires(!AnyRdd<F>) auto zip_partitions(const A& a, const B& b, const C& c, F f,
                                           bool preserves_partitioning = false,
                                           Where where = Where::current()) const {
    return zip_all(f, preserves_partitioning, where, a, b, c);
  }
  /// Every pair of a record of this and one of the other, in n * m partitions. A partition of the
  /// other must fit in memory. Throws InvalidArgument for more than 2^31 - 1 partitions.
  template <class U, class Q>
  auto cartesian(const Rdd<U, Q>& other, Where where = Where::current()) const {
    using Crossed = Pipe<CartesianSource<T, U>>;
    const std::uint64_t n = self().num_partitions();
    const std::uint64_t m = other.num_partitions();
    if (n * m > INT32_MAX) {
      throw InvalidArgument("cartesian: " + std::to_string(n) + " times " + std::to_string(m) +
                            " partitions are too many");
    }
    std::vector<std::vector<std::uint32_t>> left;
    std::vector<std::vector<std::uint32_t>> right;
    for (std::uint32_t i = 0; i < n; ++i) {
      for (std::uint32_t j = 0; j < m; ++j) {
        left.push_back({i});
        right.push_back({j});
      }
    }
    const LineagePtr& parent = self().lineage();
    return Rdd<typename Crossed::record, Crossed>(
        make_lineage(
            parent->core(), "cartesian", static_cast<std::uint32_t>(n * m),
            {on_groups(parent, std::move(left)), on_groups(other.lineage(), std::move(right))},
            {parent, other.lineage()}, compute_closure<Crossed>({}), {}, {}, where),
        true);
  }

  // For the operations of other groups.
  Rdd<T> grouped(const char* name, std::vector<std::vector<std::uint32_t>> groups, Where where,
                 std::vector<program::PreferredHosts> hosts = {}) const {
    using Q = Pipe<GroupsSource<T>>;
    const LineagePtr& parent = self().lineage();
    const auto partitions = static_cast<std::uint32_t>(groups.size());
    return Rdd<T, Q>(
        make_lineage(parent->core(), name, partitions, {on_groups(parent, std::move(groups))},
                     {parent}, compute_closure<Q>({}), {}, {}, where, {.hosts = std::move(hosts)}),
        true);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }

  static void check_positive(std::uint32_t partitions) {
    if (partitions == 0) throw InvalidArgument("Number of partitions (0) must be positive.");
  }
  template <class F, class... R>
  auto zip_all(const F& f, bool preserves_partitioning, Where where, const R&... others) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using U = zipped_t<F, T, typename R::record_type...>;
    using Zipped = Pipe<ZipPartitionsSource<F, U, T, typename R::record_type...>>;
    check_zip({self().lineage(), others.lineage()...});
    auto captures = pack_operation(true, f, name_call("zip_partitions", where));
    return side_by_side<Zipped>(
        "zip_partitions", std::move(captures),
        preserves_partitioning ? self().lineage()->partitioner() : Partitioner{}, where, others...);
  }
  template <class Q, class... R>
  auto side_by_side(const char* name, protocol::Bytes captures, Partitioner partitioner,
                    Where where, const R&... others) const {
    const LineagePtr& parent = self().lineage();
    return Rdd<typename Q::record, Q>(
        make_lineage(parent->core(), name, parent->partitions(),
                     {one_to_one(parent), one_to_one(others.lineage())...},
                     {parent, others.lineage()...}, compute_closure<Q>(std::move(captures)), {},
                     std::move(partitioner), where),
        true);
  }
};

}  // namespace volley::detail
