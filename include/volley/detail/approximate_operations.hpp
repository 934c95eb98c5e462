#pragma once
// ApproximateOperations: the operations of Rdd whose results are near the true ones.

#include <volley/detail/cardinality.hpp>
#include <volley/detail/rdd_build.hpp>

#include <cstdint>
#include <source_location>
#include <utility>

namespace volley::detail {

template <class Self, class T, class P>
class ApproximateOperations {
 public:
  using Where = std::source_location;

  /// About how many different records there are: HyperLogLog with a relative standard deviation of
  /// about `relative_deviation`. Throws InvalidArgument for one of 0.000017 or less.
  std::int64_t count_approx_distinct(double relative_deviation = 0.05,
                                     Where where = Where::current()) const {
    return count_with(cardinality_precision(relative_deviation), where);
  }
  /// The same with 2^precision registers; `sparse` is of no consequence. Throws InvalidArgument
  /// unless precision is 4 to 24.
  std::int64_t count_approx_distinct(int precision, int /*sparse*/,
                                     Where where = Where::current()) const {
    const auto p = static_cast<std::uint32_t>(precision < 0 ? 0 : precision);
    check_precision(p);
    return count_with(p, where);
  }
  /// Pairs only: (key, about how many different values it has).
  auto count_approx_distinct_by_key(double relative_deviation = 0.05, Partitions partitions = {},
                                    Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("count_approx_distinct_by_key", T);
    Cardinality none;
    none.precision = cardinality_precision(relative_deviation);
    return self()
        .aggregate_by_key(none, AddToCardinality{}, MergeCardinality{}, std::move(partitions),
                          where)
        .map_values(EstimateCardinality{}, where);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
  std::int64_t count_with(std::uint32_t precision, Where where) const {
    Cardinality all;
    all.precision = precision;
    self().template run<CardinalityAction>(
        "count_approx_distinct", [&](auto& out) { protocol::write(out, precision); },
        self().all_partitions(), where,
        [&](std::uint32_t, const protocol::Bytes& result) {
          all.merge(decode_result<Cardinality>(result));
        });
    return all.estimate();
  }
};

}  // namespace volley::detail
