#pragma once
// How much memory a value holds outside itself, for estimates.

#include "protocol/codec.hpp"

#include <volley/types.hpp>

#include <cstddef>
#include <type_traits>
#include <variant>

namespace volley::detail {

template <class V>
inline constexpr bool holds_nothing = protocol::is_bitwise_v<V> || std::is_trivially_copyable_v<V>;

/// Bytes that a value holds outside itself, as far as one look tells.
template <class V>
std::size_t held_bytes(const V& value) {
  if constexpr (holds_nothing<V>) {
    return 0;
  } else if constexpr (is_pair<V>::value) {
    return held_bytes(value.first) + held_bytes(value.second);
  } else if constexpr (requires { value.held_bytes(); }) {
    return value.held_bytes();
  } else if constexpr (requires { value.valueless_by_exception(); }) {
    return std::visit([](const auto& held) { return held_bytes(held); }, value);
  } else if constexpr (requires { value.capacity(); }) {
    return value.capacity() * sizeof(*value.begin());
  } else {
    return sizeof(V);
  }
}

}  // namespace volley::detail
