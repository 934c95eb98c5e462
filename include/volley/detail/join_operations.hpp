#pragma once
// JoinOperations: the transformations of Rdd that bring the values of equal keys of several RDDs
// together. No shuffle for an input that has the result's partitioner.

#include <volley/detail/cogroup.hpp>
#include <volley/detail/layout_operations.hpp>
#include <volley/detail/operations.hpp>
#include <volley/detail/rdd_build.hpp>

#include <cstdint>
#include <source_location>
#include <type_traits>
#include <utility>

#define VOLLEY_REQUIRE_JOINABLE(operation, T, U)             \
  VOLLEY_REQUIRE_PAIRS(operation, T);                        \
  VOLLEY_REQUIRE_PAIRS(operation, U);                        \
  static_assert(::volley::detail::same_keys<T, U>, operation \
                " needs equal key types: map the keys of one side to the type of the other")

namespace volley::detail {

template <class T, class U>
inline constexpr bool same_keys = true;
template <PairRecord T, PairRecord U>
inline constexpr bool same_keys<T, U> =
    std::is_same_v<owned_t<typename T::first_type>, owned_t<typename U::first_type>>;

template <class... R>
auto make_cogroup(const Partitions& partitions, const std::source_location& where,
                  const R&... rdds) {
  using Source = Pipe<CogroupSource<typename R::record_type...>>;
  const std::vector<LineagePtr> parents{rdds.lineage()...};
  const Partitioner partitioner = choose_partitioner(parents, partitions);
  return Rdd<typename Source::record, Source>(
      make_lineage(parents.front()->core(), "cogroup", partitioner.partitions,
                   {keyed_side(rdds, partitioner)...}, parents, compute_closure<Source>({}), {},
                   partitioner, where),
      true);
}

template <class Self, class T, class P>
class JoinOperations {
 public:
  using Where = std::source_location;

  /// (key, (left value, right value)) for every combination. The right side's values of a key need
  /// not fit in memory, those of a result do.
  template <class U, class Q>
  auto join(const Rdd<U, Q>& other, Partitions partitions = {},
            Where where = Where::current()) const {
    VOLLEY_REQUIRE_JOINABLE("join", T, U);
    return make_join(self(), other, partitions, where);
  }
  /// The same, and keys without a right value with std::nullopt in its place.
  template <class U, class Q>
  auto left_outer_join(const Rdd<U, Q>& other, Partitions partitions = {},
                       Where where = Where::current()) const {
    return outer_join<OuterJoin::left>("left_outer_join", other, partitions, where);
  }
  /// The same, and keys without a left value with std::nullopt in its place.
  template <class U, class Q>
  auto right_outer_join(const Rdd<U, Q>& other, Partitions partitions = {},
                        Where where = Where::current()) const {
    return outer_join<OuterJoin::right>("right_outer_join", other, partitions, where);
  }
  /// All keys of both; both values are optionals.
  template <class U, class Q>
  auto full_outer_join(const Rdd<U, Q>& other, Partitions partitions = {},
                       Where where = Where::current()) const {
    return outer_join<OuterJoin::full>("full_outer_join", other, partitions, where);
  }
  /// (key, (left values, right values)) for every key of either; with more RDDs, a tuple of lists.
  /// The values of a key must fit in memory.
  template <AnyRdd A>
  auto cogroup(const A& a, Partitions partitions = {}, Where where = Where::current()) const {
    VOLLEY_REQUIRE_JOINABLE("cogroup", T, typename A::record_type);
    return make_cogroup(partitions, where, self(), a);
  }
  template <AnyRdd A, AnyRdd B>
  auto cogroup(const A& a, const B& b, Partitions partitions = {},
               Where where = Where::current()) const {
    VOLLEY_REQUIRE_JOINABLE("cogroup", T, typename A::record_type);
    VOLLEY_REQUIRE_JOINABLE("cogroup", T, typename B::record_type);
    return make_cogroup(partitions, where, self(), a, b);
  }
  template <AnyRdd A, AnyRdd B, AnyRdd C>
  auto cogroup(const A& a, const B& b, const C& c, Partitions partitions = {},
               Where where = Where::current()) const {
    VOLLEY_REQUIRE_JOINABLE("cogroup", T, typename A::record_type);
    VOLLEY_REQUIRE_JOINABLE("cogroup", T, typename B::record_type);
    VOLLEY_REQUIRE_JOINABLE("cogroup", T, typename C::record_type);
    return make_cogroup(partitions, where, self(), a, b, c);
  }
  /// The pairs whose key the other RDD does not have, duplicates kept. Partitioned as this RDD, or
  /// by hash into as many partitions, unless `partitions` says another way.
  template <class U, class Q>
  auto subtract_by_key(const Rdd<U, Q>& other, Partitions partitions = {},
                       Where where = Where::current()) const {
    VOLLEY_REQUIRE_JOINABLE("subtract_by_key", T, U);
    if (partitions.count() == 0) {
      const Partitioner& own = self().lineage()->partitioner();
      partitions = own ? own : hash_partitioner(self().num_partitions());
    }
    const auto gone = other.template then<MapValuesOp<Forget>>("map_values", Forget{}, where,
                                                               other.lineage()->partitioner());
    const auto both = make_cogroup(partitions, where, self(), gone);
    return both.template then<SubtractOp>("subtract_by_key", Nothing{}, where,
                                          both.lineage()->partitioner());
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }

  template <OuterJoin kind, class R>
  auto outer_join(const char* name, const R& other, const Partitions& partitions,
                  Where where) const {
    VOLLEY_REQUIRE_JOINABLE("an outer join", T, typename R::record_type);
    const auto both = make_cogroup(partitions, where, self(), other);
    return both.template then<OuterJoinOp<kind>>(name, Nothing{}, where,
                                                 both.lineage()->partitioner());
  }
};

}  // namespace volley::detail
