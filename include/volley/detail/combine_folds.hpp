#pragma once
// Folds with functions of the program for each step: combine_by_key, aggregate_by_key, fold_by_key;
// and how such a function's result gets into what is folded so far.

#include <volley/closure.hpp>
#include <volley/detail/pipeline.hpp>
#include <volley/types.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace volley::detail {

/// f(before..., value), where value is owned if the function does not take a view.
template <class F, class V, class... Before>
decltype(auto) call_with_value(F& f, const V& value, Before&&... before) {
  if constexpr (std::is_invocable_v<F&, Before..., const V&>) {
    return f(std::forward<Before>(before)..., value);
  } else {
    return f(std::forward<Before>(before)..., to_owned(value));
  }
}

/// Whether f takes an accumulator of type C that it may take apart, and a V.
template <class F, class C, class V>
inline constexpr bool takes_over =
    std::is_invocable_v<F&, C&&, const V&> || std::is_invocable_v<F&, C&&, owned_t<V>&&>;

/// into = f(into, value), or f(into, value) when f changes its first argument and returns nothing.
template <class F, class C, class V>
void fold_into(F& f, C& into, const V& value) {
  if constexpr (takes_over<F, C, V>) {
    using Result = decltype(call_with_value(f, value, std::move(into)));
    if constexpr (std::is_void_v<Result>) {
      call_with_value(f, value, std::move(into));
    } else {
      into = C(call_with_value(f, value, std::move(into)));
    }
  } else {
    using Result = decltype(call_with_value(f, value, into));
    if constexpr (std::is_void_v<Result>) {
      call_with_value(f, value, into);
    } else {
      into = C(call_with_value(f, value, into));
    }
  }
}

/// combine_by_key: Parts are Functions<create(value) -> C, merge(C, value), combine(C, C)>.
template <class C, class Parts>
struct CombineByKeyFold {
  static constexpr bool combines_before_shuffle = true;
  static constexpr bool results_differ_from_values = true;
  Parts& function;
  template <class V>
  C create(const V& value) const {
    return C(call_with_value(part_of<0>(function), value));
  }
  template <class V>
  void merge(C& into, const V& value) const {
    fold_into(part_of<1>(function), into, value);
  }
  void combine(C& into, C&& other) const { fold_into(part_of<2>(function), into, other); }
  static std::size_t element_bytes(const C&) { return 0; }
};
/// The type that create(value) makes.
template <class F, class V>
using combiner_t = owned_t<decltype(call_with_value(std::declval<F&>(), std::declval<const V&>()))>;

/// aggregate_by_key and fold_by_key: Parts are Functions<Value<C>, merge(C, value), combine(C, C)>;
/// each key begins with a copy of the value.
template <class C, class Parts>
struct AggregateByKeyFold {
  static constexpr bool combines_before_shuffle = true;
  static constexpr bool results_differ_from_values = true;
  Parts& function;
  template <class V>
  C create(const V& value) const {
    C zero = part_of<0>(function).value;
    merge(zero, value);
    return zero;
  }
  template <class V>
  void merge(C& into, const V& value) const {
    fold_into(part_of<1>(function), into, value);
  }
  void combine(C& into, C&& other) const { fold_into(part_of<2>(function), into, other); }
  static std::size_t element_bytes(const C&) { return 0; }
};

}  // namespace volley::detail
