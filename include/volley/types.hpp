#pragma once
// Which type a record has on which side of a boundary. Inside a chain of narrow operations records
// may be views; where they cross a boundary (shuffle, cache, collect, group) they become owned:
// owned_t<std::string_view> is std::string, applied through pairs, tuples, optionals and vectors;
// so is that of const char*, the type of literals.
// view_t goes the other way for records that are read in place from a shuffle.

#include <boost/pfr.hpp>

#include <array>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley {

namespace detail {

template <class T>
struct owned {
  using type = T;
};
template <>
struct owned<std::string_view> {
  using type = std::string;
};
template <>
struct owned<const char*> {
  using type = std::string;
};
template <class A, class B>
struct owned<std::pair<A, B>> {
  using type = std::pair<typename owned<A>::type, typename owned<B>::type>;
};
template <class... T>
struct owned<std::tuple<T...>> {
  using type = std::tuple<typename owned<T>::type...>;
};
template <class T>
struct owned<std::optional<T>> {
  using type = std::optional<typename owned<T>::type>;
};
template <class T>
struct owned<std::vector<T>> {
  using type = std::vector<typename owned<T>::type>;
};

template <class T>
struct view {
  using type = T;
};
template <>
struct view<std::string> {
  using type = std::string_view;
};
template <class A, class B>
struct view<std::pair<A, B>> {
  using type = std::pair<typename view<A>::type, typename view<B>::type>;
};

template <class T>
struct is_pair : std::false_type {};
template <class A, class B>
struct is_pair<std::pair<A, B>> : std::true_type {};

}  // namespace detail

/// T with every view in it replaced by the type that owns its data.
template <class T>
using owned_t = typename detail::owned<std::remove_cvref_t<T>>::type;
/// T with its strings replaced by views; has the same encoding as T.
template <class T>
using view_t = typename detail::view<T>::type;

namespace detail {

/// Whether a record is made of numbers and views only: nothing in it can be viewed in turn.
template <class T>
struct only_views : std::bool_constant<std::is_arithmetic_v<T> || std::is_enum_v<T>> {};
template <>
struct only_views<std::string_view> : std::true_type {};
template <class A, class B>
struct only_views<std::pair<A, B>>
    : std::bool_constant<only_views<A>::value && only_views<B>::value> {};
template <class... T>
struct only_views<std::tuple<T...>> : std::bool_constant<(only_views<T>::value && ...)> {};

template <class T>
inline constexpr bool has_views = !std::is_same_v<owned_t<T>, T>;

/// Whether a struct or an array in a record holds views: owned_t cannot replace these.
template <class T>
struct hidden_views : std::false_type {};
template <class T>
constexpr bool hides_views() {
  if constexpr (std::is_aggregate_v<T> && !std::is_array_v<T> &&
                !requires { std::tuple_size<T>::value; }) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return ((has_views<boost::pfr::tuple_element_t<I, T>> ||
               hides_views<boost::pfr::tuple_element_t<I, T>>()) ||
              ...);
    }
    (std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else {
    return hidden_views<T>::value;
  }
}
template <class T, std::size_t N>
struct hidden_views<std::array<T, N>> : std::bool_constant<has_views<T> || hides_views<T>()> {};
template <class A, class B>
struct hidden_views<std::pair<A, B>> : std::bool_constant<hides_views<A>() || hides_views<B>()> {};
template <class... T>
struct hidden_views<std::tuple<T...>> : std::bool_constant<(hides_views<T>() || ...)> {};
template <class T>
struct hidden_views<std::optional<T>> : std::bool_constant<hides_views<T>()> {};
template <class T>
struct hidden_views<std::vector<T>> : std::bool_constant<hides_views<T>()> {};

}  // namespace detail

template <class T>
concept PairRecord = detail::is_pair<T>::value;

#define VOLLEY_REQUIRE_PAIRS(operation, T) \
  static_assert(::volley::PairRecord<T>,   \
                operation " needs records that are std::pair<key, value>: map to pairs first")

#define VOLLEY_REQUIRE_BITWISE(operation, T)                                \
  static_assert(::volley::protocol::is_bitwise_v<T>, operation              \
                " needs records that are the same in memory as in a file: " \
                "numbers, enums, and arrays, pairs or structs of these")

namespace detail {

/// Converts a record to another type of the same owned type, copying what is viewed.
template <class To, class From>
To convert(From&& from) {
  using F = std::remove_cvref_t<From>;
  if constexpr (std::is_same_v<To, F>) {
    return std::forward<From>(from);
  } else if constexpr (std::is_same_v<To, const char*>) {
    return from.c_str();
  } else if constexpr (is_pair<To>::value) {
    // Each forwards one member. NOLINTBEGIN(bugprone-use-after-move)
    return To(convert<typename To::first_type>(std::forward<From>(from).first),
              convert<typename To::second_type>(std::forward<From>(from).second));
    // NOLINTEND(bugprone-use-after-move)
  } else if constexpr (requires { std::tuple_size<F>::value; }) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return To(convert<std::tuple_element_t<I, To>>(std::get<I>(std::forward<From>(from)))...);
    }
    (std::make_index_sequence<std::tuple_size_v<F>>{});
  } else if constexpr (requires(F f) {
                         f.has_value();
                         *f;
                       }) {
    return from ? To(convert<typename To::value_type>(*std::forward<From>(from))) : To{};
  } else if constexpr (requires(F f) {
                         f.begin();
                         std::declval<To&>().push_back(
                             convert<typename To::value_type>(*f.begin()));
                       } &&
                       !std::is_convertible_v<F, std::string_view>) {
    To to;
    to.reserve(from.size());
    for (auto&& element : from) to.push_back(convert<typename To::value_type>(element));
    return to;
  } else {
    return To(std::forward<From>(from));
  }
}

/// Puts a copy of a record into memory as a T, of bitwise type; a pair member by member: one that
/// was just made lies in registers or in two pieces, and a copy of 16 bytes would wait for both to
/// be stored (a third of the time of an aggregation of pairs).
template <class T, class X>
void place_record(void* at, const X& record) {
  if constexpr (is_pair<T>::value) {
    ::new (at) T(record.first, record.second);
  } else {
    ::new (at) T(record);
  }
}

template <class T>
owned_t<T> to_owned(T&& record) {
  static_assert(
      !hides_views<std::remove_cvref_t<T>>(),
      "a struct in this record views data that will be gone: give it std::string members");
  return convert<owned_t<T>>(std::forward<T>(record));
}

}  // namespace detail
}  // namespace volley
