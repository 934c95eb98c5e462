#pragma once
// SortPrefix<K>: the first bytes of a key as a number that orders as the keys do. `exact`: keys of
// equal prefixes are equal; others must be compared.

#include <volley/order.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace volley::detail {

/// Of keys that are not known here: nothing is known.
template <class K>
struct SortPrefix {
  static constexpr bool exact = false;
  template <class Like>
  static std::uint64_t of(const Like&) {
    return 0;
  }
};

/// Up to 8 bytes, the first one most significant.
inline std::uint64_t big_endian(const void* bytes, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, size < sizeof value ? size : sizeof value);
  return __builtin_bswap64(value);
}

template <class K>
requires std::is_integral_v<K>
struct SortPrefix<K> {
  static constexpr bool exact = true;
  static std::uint64_t of(K key) {
    if constexpr (std::is_signed_v<K>) {
      using U = std::make_unsigned_t<K>;
      constexpr auto sign = static_cast<U>(U{1} << (8 * sizeof(K) - 1));
      return static_cast<U>(static_cast<U>(key) ^ sign);
    } else {
      return key;
    }
  }
};

template <class K>
requires std::is_enum_v<K>
struct SortPrefix<K> {
  static constexpr bool exact = true;
  static std::uint64_t of(K key) {
    return SortPrefix<std::underlying_type_t<K>>::of(static_cast<std::underlying_type_t<K>>(key));
  }
};

template <>
struct SortPrefix<double> {
  static constexpr bool exact = true;
  static std::uint64_t of(double key) {
    constexpr std::uint64_t sign = 1ULL << 63U;
    if (key != key) return ~0ULL;                               // NaN comes last
    const auto bits = std::bit_cast<std::uint64_t>(key + 0.0);  // -0 is 0
    return (bits & sign) != 0 ? ~bits : bits | sign;
  }
};
template <>
struct SortPrefix<float> : SortPrefix<double> {};

template <>
struct SortPrefix<std::string_view> {
  static constexpr bool exact = false;
  static std::uint64_t of(std::string_view key) { return big_endian(key.data(), key.size()); }
};
template <>
struct SortPrefix<std::string> : SortPrefix<std::string_view> {};

template <class T, std::size_t N>
requires(sizeof(T) == 1 && (std::is_integral_v<T> ||
                            std::is_same_v<T, std::byte>)) struct SortPrefix<std::array<T, N>> {
  static constexpr bool exact = N <= 8;
  static std::uint64_t of(const std::array<T, N>& key) {
    const std::uint64_t value = big_endian(key.data(), N);
    // Each negative byte comes before the others.
    return std::is_signed_v<T> ? value ^ 0x8080808080808080ULL : value;
  }
};

template <class A, class B>
struct SortPrefix<std::pair<A, B>> {
  static constexpr bool exact = false;
  template <class Like>
  static std::uint64_t of(const Like& key) {
    return SortPrefix<A>::of(key.first);
  }
};

/// Of an order: of others than these two nothing is known.
template <class Less, class K>
struct OrderPrefix {
  static constexpr bool exact = false;
  template <class Like>
  static std::uint64_t of(const Like&) {
    return 0;
  }
};
template <class K>
struct OrderPrefix<Ascending, K> : SortPrefix<K> {};
template <class K>
struct OrderPrefix<Descending, K> {
  static constexpr bool exact = SortPrefix<K>::exact;
  template <class Like>
  static std::uint64_t of(const Like& key) {
    return ~SortPrefix<K>::of(key);
  }
};

}  // namespace volley::detail
