#pragma once
// The order of keys and when two are the same. It is that of < and ==, but total where floating
// point numbers are involved: NaN is the largest number, all NaNs are the same, and so are -0.0 and
// 0.0, as in Spark SQL. Numbers inside of pairs, tuples, arrays, vectors, optionals and aggregates
// count as well.

#include <boost/pfr.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace volley {

namespace detail {

template <class T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
};
template <class T>
concept RangeLike = requires(const T& range) {
  range.begin();
  range.end();
  typename T::value_type;
};
template <class T>
concept OptionalLike = requires(const T& value) {
  value.has_value();
  *value;
};
template <class T>
concept PlainStruct = std::is_aggregate_v<T> && std::is_class_v<T>;

/// Whether an object of T may hold a floating point number.
template <class T>
constexpr bool has_floats() {
  if constexpr (std::is_floating_point_v<T>) {
    return true;
  } else if constexpr (RangeLike<T> || OptionalLike<T>) {
    return has_floats<typename T::value_type>();
  } else if constexpr (TupleLike<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (has_floats<std::remove_cvref_t<std::tuple_element_t<I, T>>>() || ...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (PlainStruct<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (has_floats<boost::pfr::tuple_element_t<I, T>>() || ...);
    }
    (std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else {
    return false;
  }
}

/// The members of two tuples or aggregates, one after another, as long as visit(a, b) says so.
template <class A, class B, class Visit>
bool all_members(const A& a, const B& b, Visit&& visit) {
  if constexpr (TupleLike<A>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (visit(std::get<I>(a), std::get<I>(b)) && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<A>>{});
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (visit(boost::pfr::get<I>(a), boost::pfr::get<I>(b)) && ...);
    }
    (std::make_index_sequence<boost::pfr::tuple_size_v<A>>{});
  }
}

/// Whether a comes before b. The types are alike: one may be a view of the other.
template <class A, class B>
bool comes_before(const A& a, const B& b) {
  if constexpr (std::is_floating_point_v<A>) {
    return a < b || (b != b && a == a);
  } else if constexpr (!has_floats<A>()) {
    return a < b;
  } else if constexpr (RangeLike<A>) {
    return std::lexicographical_compare(
        a.begin(), a.end(), b.begin(), b.end(),
        [](const auto& x, const auto& y) { return comes_before(x, y); });
  } else if constexpr (OptionalLike<A>) {
    return b.has_value() && (!a.has_value() || comes_before(*a, *b));
  } else {
    bool before = false;
    all_members(a, b, [&](const auto& x, const auto& y) {
      before = comes_before(x, y);
      return !before && !comes_before(y, x);
    });
    return before;
  }
}

/// Whether a and b are the same key.
template <class A, class B>
bool same_key(const A& a, const B& b) {
  if constexpr (std::is_floating_point_v<A>) {
    return a == b || (a != a && b != b);
  } else if constexpr (std::is_same_v<A, B> && !has_floats<A>()) {
    return a == b;
  } else if constexpr (!has_floats<A>() && !TupleLike<A>) {
    return a == b;
  } else if constexpr (RangeLike<A>) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return same_key(x, y); });
  } else if constexpr (OptionalLike<A>) {
    return a.has_value() == b.has_value() && (!a.has_value() || same_key(*a, *b));
  } else {
    return all_members(a, b, [](const auto& x, const auto& y) { return same_key(x, y); });
  }
}

}  // namespace detail

/// Orders for top() and sort_by_key().
struct Ascending {
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return detail::comes_before(a, b);
  }
};
struct Descending {
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return detail::comes_before(b, a);
  }
};
inline constexpr Ascending ascending{};
inline constexpr Descending descending{};
/// For top(): pairs by their value, larger first; equal values by key.
struct ByValue {
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    if (detail::comes_before(b.second, a.second)) return true;
    if (detail::comes_before(a.second, b.second)) return false;
    return detail::comes_before(a.first, b.first);
  }
};
inline constexpr ByValue by_value{};

}  // namespace volley
