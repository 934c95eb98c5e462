#pragma once
// Hashing and partitioning of keys: equal on every rank and in every run. An integer's hash is
// itself for partitioning (key k of n partitions goes to k mod n, as in Spark) and mixed for
// tables; strings use XXH3; pairs, tuples, arrays, vectors and aggregates combine their members.

#include <boost/pfr.hpp>
#include <xxhash.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace volley {

namespace detail {

/// Finalizer of MurmurHash3 (Austin Appleby, public domain).
constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 33U;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33U;
  x *= 0xc4ceb9fe1a85ec53ULL;
  x ^= x >> 33U;
  return x;
}

template <class T>
concept StringLike = std::is_convertible_v<const T&, std::string_view>;

}  // namespace detail

/// A 64-bit hash of a key for tables. Specialise std::hash for types of your own that are not
/// aggregates.
template <class K>
std::uint64_t hash_key(const K& key) {
  if constexpr (std::is_integral_v<K> || std::is_enum_v<K>) {
    return detail::mix64(static_cast<std::uint64_t>(key));
  } else if constexpr (std::is_floating_point_v<K>) {
    const auto value = static_cast<double>(key);
    if (value != value) return detail::mix64(~0ULL);  // all NaNs are one key
    return detail::mix64(value == 0 ? 0 : std::bit_cast<std::uint64_t>(value));
  } else if constexpr (detail::StringLike<K>) {
    const std::string_view text = key;
    return XXH3_64bits(text.data(), text.size());
  } else if constexpr (requires { std::tuple_size<K>::value; }) {
    std::uint64_t hash = 0;
    std::apply([&](const auto&... part) { ((hash = hash * 31 + hash_key(part)), ...); }, key);
    return detail::mix64(hash);
  } else if constexpr (requires {
                         key.begin();
                         key.end();
                       }) {
    std::uint64_t hash = 1;
    for (const auto& part : key) hash = hash * 31 + hash_key(part);
    return detail::mix64(hash);
  } else if constexpr (requires {
                         key.has_value();
                         *key;
                       }) {
    return key ? detail::mix64(hash_key(*key) + 1) : 0;
  } else if constexpr (std::is_aggregate_v<K>) {
    std::uint64_t hash = 0;
    boost::pfr::for_each_field(key, [&](const auto& part) { hash = hash * 31 + hash_key(part); });
    return detail::mix64(hash);
  } else {
    return detail::mix64(std::hash<K>{}(key));
  }
}

namespace detail {

/// Reduce partition of a key of `n` partitions. `hash` is hash_key(key).
template <class K>
std::uint32_t hash_partition(const K& key, std::uint64_t hash, std::uint32_t n) {
  if constexpr (std::is_integral_v<K>) {
    if constexpr (std::is_signed_v<K>) {
      const auto rest = static_cast<std::int64_t>(key) % static_cast<std::int64_t>(n);
      return static_cast<std::uint32_t>(rest < 0 ? rest + n : rest);
    } else {
      return static_cast<std::uint32_t>(static_cast<std::uint64_t>(key) % n);
    }
  } else {
    // The low bits pick table slots; the high ones pick partitions (multiply-shift, Lemire).
    return static_cast<std::uint32_t>(((hash >> 32U) * n) >> 32U);
  }
}

}  // namespace detail
}  // namespace volley
