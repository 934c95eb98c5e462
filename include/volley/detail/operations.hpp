#pragma once
// More narrow operations, as pipeline.hpp describes them.

#include <volley/detail/pipeline.hpp>
#include <volley/order.hpp>
#include <volley/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

/// A key that views the record it was made from must not outlive it.
template <class Key, class T>
using kept_key_t = std::conditional_t<has_views<Key> && !only_views<T>::value, owned_t<Key>, Key>;

/// key_by: (f(record), record).
template <class F>
struct KeyByOp {
  template <class T>
  using result = std::pair<kept_key_t<call_result<F, T>, T>, T>;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    using Key = typename result<In>::first_type;
    auto key = convert<Key>(call(f, std::as_const(record)));
    next(result<In>(std::move(key), std::forward<X>(record)));
  }
};

/// flat_map_values; `U` as in FlatMapOp.
template <class F, class U>
struct FlatMapValuesOp {
  template <class T>
  using value = typename FlatMapOp<F, U>::template result<typename T::second_type>;
  template <class T>
  using result = std::pair<typename T::first_type, value<T>>;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    FlatMapOp<F, U>::template apply<typename In::second_type>(
        f, std::as_const(record.second),
        [&](auto&& one) { next(result<In>(record.first, std::forward<decltype(one)>(one))); });
  }
};

/// The values of the optionals that f returns.
template <class F>
struct CollectOp {
  template <class T>
  using result = typename call_result<F, T>::value_type;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    auto found = call(f, std::forward<X>(record));
    if (found) next(std::move(*found));
  }
};

/// (record, number); f.take() counts.
template <class F>
struct NumberOp {
  template <class T>
  using result = std::pair<T, std::int64_t>;
  using function_type = F;
  template <class In, class X, class Next>
  static void apply(F& f, X&& record, Next&& next) {
    next(result<In>(std::forward<X>(record), f.take()));
  }
};
/// zip_with_unique_id: record i of partition k of n is number i * n + k.
struct UniqueIds {
  static constexpr bool holds_numbers = true;
  std::int64_t next = 0;
  std::int64_t step = 1;
  void begin_partition(std::uint32_t partition, std::uint32_t partitions) {
    next = partition;
    step = partitions;
  }
  std::int64_t take() { return std::exchange(next, next + step); }
};
/// zip_with_index: the first number of each partition is known.
struct Indices {
  std::vector<std::int64_t> starts;
  std::int64_t next = 0;
  void begin_partition(std::uint32_t partition, std::uint32_t) { next = starts.at(partition); }
  std::int64_t take() { return next++; }
};

/// (partition mod n, record): the next level of a tree.
struct LevelKey {
  static constexpr bool holds_numbers = true;
  std::uint32_t groups = 1;
  std::uint32_t key = 0;
  void begin_partition(std::uint32_t partition, std::uint32_t) { key = partition % groups; }
  template <class T>
  auto operator()(const T& record) const {
    return std::pair<std::uint32_t, T>(key, record);
  }
};

/// (value, 1) for counting.
struct CountOne {
  template <class T>
  auto operator()(const T& record) const {
    return std::pair<T, std::int64_t>(record, 1);
  }
};
struct One {
  template <class V>
  std::int64_t operator()(const V&) const {
    return 1;
  }
};
struct MakeOwned {
  template <class T>
  owned_t<T> operator()(const T& record) const {
    return to_owned(record);
  }
};
struct Forget {
  template <class V>
  Nothing operator()(const V&) const {
    return {};
  }
};
struct Add {
  template <class A, class B>
  auto operator()(const A& a, const B& b) const {
    return a + b;
  }
};

/// The pairs with keys in [low, high].
template <class K>
struct KeyBetweenOp {
  template <class T>
  using result = T;
  using function_type = Functions<Value<K>, Value<K>>;
  template <class In, class X, class Next>
  static void apply(function_type& bounds, X&& record, Next&& next) {
    if (comes_before(record.first, part_of<0>(bounds).value)) return;
    if (comes_before(part_of<1>(bounds).value, record.first)) return;
    next(std::forward<X>(record));
  }
};
/// The values of a key.
template <class K>
struct LookupOp {
  template <class T>
  using result = typename T::second_type;
  using function_type = Value<K>;
  template <class In, class X, class Next>
  static void apply(Value<K>& key, X&& record, Next&& next) {
    if (same_key(record.first, key.value)) next(std::forward<X>(record).second);
  }
};

/// glom: all records of a partition as one.
struct Glom {
  template <class Records>
  auto operator()(Records& records) const {
    std::vector<std::vector<owned_t<typename Records::record_type>>> one(1);
    records.for_each(
        [&](auto&& record) { one[0].push_back(to_owned(std::forward<decltype(record)>(record))); });
    return one;
  }
};

// --- from a cogroup of two to joins
// ------------------------------------------------------------------

enum class OuterJoin { left, right, full };

/// The pairs of left and right values of a key; missing ones are empty optionals.
template <OuterJoin kind>
struct OuterJoinOp {
  template <class V, bool optional>
  using side = std::conditional_t<optional, std::optional<V>, V>;
  template <class T>
  using left = side<typename T::second_type::first_type::value_type, kind != OuterJoin::left>;
  template <class T>
  using right = side<typename T::second_type::second_type::value_type, kind != OuterJoin::right>;
  template <class T>
  using result = std::pair<typename T::first_type, std::pair<left<T>, right<T>>>;
  using function_type = Nothing;
  template <class In, class X, class Next>
  static void apply(Nothing&, X&& record, Next&& next) {
    const auto& [lefts, rights] = record.second;
    const auto emit = [&](const auto& v, const auto& w) {
      next(result<In>(record.first, std::pair<left<In>, right<In>>(v, w)));
    };
    if constexpr (kind != OuterJoin::right) {
      if (rights.empty()) {
        for (const auto& v : lefts) emit(v, std::nullopt);
      }
    }
    if constexpr (kind != OuterJoin::left) {
      if (lefts.empty()) {
        for (const auto& w : rights) emit(std::nullopt, w);
      }
    }
    for (const auto& v : lefts) {
      for (const auto& w : rights) emit(v, w);
    }
  }
};

/// The left values of keys that have no right ones.
struct SubtractOp {
  template <class T>
  using result = std::pair<typename T::first_type, typename T::second_type::first_type::value_type>;
  using function_type = Nothing;
  template <class In, class X, class Next>
  static void apply(Nothing&, X&& record, Next&& next) {
    if (!record.second.second.empty()) return;
    for (const auto& value : record.second.first) next(result<In>(record.first, value));
  }
};

}  // namespace volley::detail
