#pragma once
// The codec: values to bytes and back, by reflection (Boost.PFR). It carries every message between
// roles and every record that crosses a shuffle. Covered: arithmetic types, enums, strings, spans
// of time, pair, tuple, optional, variant, the standard containers, shared_ptr to const, and
// aggregate structs of these. A type may define its own by specialising codec<T>. All ranks run one
// build on one architecture, so there is neither versioning nor byte swapping.
//
//   write: codec<T>::write(Writer&, const T&)      read: codec<T>::read(Reader&, T&)
//
// Reading never runs past the end: a short or corrupt buffer sets Reader::failed() and yields
// default values. Vectors of trivially copyable records move as one block.

#include <boost/pfr.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace volley::protocol {

using Bytes = std::vector<std::byte>;

/// Appends raw bytes to a growing buffer. The buffer has its exact size only after finish() or the
/// writer's end: until then it is larger, so that appending costs a copy and no more.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out), used_(out.size()) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { finish(); }

  void raw(const void* data, std::size_t size) {
    if (size > out_.size() - used_) [[unlikely]] {
      out_.resize(std::max(out_.size() * 2, used_ + size + minimum_room));
    }
    if (size != 0) std::memcpy(out_.data() + used_, data, size);
    used_ += size;
  }
  void finish() { out_.resize(used_); }

 private:
  static constexpr std::size_t minimum_room = 64;
  Bytes& out_;
  std::size_t used_;
};

/// Takes raw bytes from a buffer that it does not own.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> in) : next_(in.data()), end_(in.data() + in.size()) {}
  Reader(const std::byte* begin, const std::byte* end) : next_(begin), end_(end) {}

  bool raw(void* data, std::size_t size) {
    const std::byte* from = view(size);
    if (from == nullptr) return false;
    if (size != 0) std::memcpy(data, from, size);
    return true;
  }
  /// The next `size` bytes in place, or null (and failed()) when there are fewer.
  const std::byte* view(std::size_t size) {
    if (size > remaining()) [[unlikely]] {
      failed_ = true;
      next_ = end_;
      return nullptr;
    }
    const std::byte* at = next_;
    next_ += size;
    return at;
  }
  void fail() { failed_ = true; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - next_); }
  const std::byte* position() const { return next_; }
  bool failed() const { return failed_; }

 private:
  const std::byte* next_;
  const std::byte* end_;
  bool failed_ = false;
};

template <class T>
struct codec;

namespace detail {

template <class T>
concept RawValue = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <class T>
struct is_std_array : std::false_type {};
template <class T, std::size_t N>
struct is_std_array<std::array<T, N>> : std::true_type {};
template <class T>
concept PlainAggregate = std::is_aggregate_v<T> && !std::is_array_v<T> && !is_std_array<T>::value;

/// Whether an object of T may be copied as memory: no pointers hide in it as far as types can tell.
template <class T>
constexpr bool bitwise() {
  if constexpr (RawValue<T>) {
    return true;
  } else if constexpr (is_std_array<T>::value) {
    return bitwise<typename T::value_type>();
  } else if constexpr (PlainAggregate<T> && std::is_trivially_copyable_v<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (bitwise<boost::pfr::tuple_element_t<I, T>>() && ...);
    }
    (std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else {
    return false;
  }
}
/// pair and tuple are not trivially copyable by the letter (their assignment is not), but are
/// memory.
template <class T>
struct bitwise_record : std::bool_constant<bitwise<T>()> {};
template <class A, class B>
struct bitwise_record<std::pair<A, B>>
    : std::bool_constant<bitwise_record<A>::value && bitwise_record<B>::value> {};

inline void write_size(Writer& out, std::size_t size) {
  // 7 bits a byte, low first: most strings and lists are short.
  std::uint64_t rest = size;
  std::array<std::uint8_t, 10> buffer{};
  std::size_t used = 0;
  while (rest >= 0x80) {
    buffer.at(used++) = static_cast<std::uint8_t>(rest | 0x80U);
    rest >>= 7U;
  }
  buffer.at(used++) = static_cast<std::uint8_t>(rest);
  out.raw(buffer.data(), used);
}
inline std::size_t read_size(Reader& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::byte* byte = in.view(1);
    if (byte == nullptr) return 0;
    const auto bits = std::to_integer<std::uint64_t>(*byte);
    value |= (bits & 0x7fU) << shift;
    if ((bits & 0x80U) == 0) return value;
  }
  in.fail();
  return 0;
}

}  // namespace detail

/// Records for which an array of T in memory is also its encoding.
template <class T>
inline constexpr bool is_bitwise_v = detail::bitwise_record<std::remove_cv_t<T>>::value;

template <class T>
void write(Writer& out, const T& value) {
  codec<T>::write(out, value);
}
template <class T>
void read(Reader& in, T& value) {
  codec<T>::read(in, value);
}

/// The whole encoding of one value.
template <class T>
Bytes encode(const T& value) {
  Bytes bytes;
  {
    Writer out(bytes);
    write(out, value);
  }
  return bytes;
}
/// The value of a whole buffer, or nothing when it is short, corrupt or too long.
template <class T>
std::optional<T> decode(std::span<const std::byte> bytes) {
  Reader in(bytes);
  T value{};
  read(in, value);
  if (in.failed() || in.remaining() != 0) return std::nullopt;
  return value;
}

/// Scalars and aggregates; everything else has a specialisation below.
template <class T>
struct codec {
  static void write(Writer& out, const T& value) {
    if constexpr (detail::bitwise<T>()) {
      out.raw(&value, sizeof value);
    } else if constexpr (detail::PlainAggregate<T>) {
      boost::pfr::for_each_field(value, [&](const auto& field) { protocol::write(out, field); });
    } else {
      static_assert(detail::PlainAggregate<T>,
                    "this type cannot be serialized: make it an aggregate struct of serializable "
                    "members, or specialise volley::codec for it");
    }
  }
  static void read(Reader& in, T& value) {
    if constexpr (detail::bitwise<T>()) {
      in.raw(&value, sizeof value);
    } else if constexpr (detail::PlainAggregate<T>) {
      boost::pfr::for_each_field(value, [&](auto& field) { protocol::read(in, field); });
    }
  }
};

template <>
struct codec<std::string> {
  static void write(Writer& out, const std::string& value) {
    detail::write_size(out, value.size());
    out.raw(value.data(), value.size());
  }
  static void read(Reader& in, std::string& value) {
    const std::size_t size = detail::read_size(in);
    const std::byte* data = in.view(size);
    if (data != nullptr) value.assign(reinterpret_cast<const char*>(data), size);
  }
};

/// Views are written like strings and read in place: valid while the buffer lives.
template <>
struct codec<std::string_view> {
  static void write(Writer& out, std::string_view value) {
    detail::write_size(out, value.size());
    out.raw(value.data(), value.size());
  }
  static void read(Reader& in, std::string_view& value) {
    const std::size_t size = detail::read_size(in);
    const std::byte* data = in.view(size);
    if (data != nullptr) value = {reinterpret_cast<const char*>(data), size};
  }
};

template <class Rep, class Period>
struct codec<std::chrono::duration<Rep, Period>> {
  using D = std::chrono::duration<Rep, Period>;
  static void write(Writer& out, D value) { protocol::write(out, value.count()); }
  static void read(Reader& in, D& value) {
    Rep count{};
    protocol::read(in, count);
    value = D{count};
  }
};

template <class Clock, class D>
struct codec<std::chrono::time_point<Clock, D>> {
  using T = std::chrono::time_point<Clock, D>;
  static void write(Writer& out, T value) { protocol::write(out, value.time_since_epoch()); }
  static void read(Reader& in, T& value) {
    D since{};
    protocol::read(in, since);
    value = T{since};
  }
};

template <class A, class B>
struct codec<std::pair<A, B>> {
  static void write(Writer& out, const std::pair<A, B>& value) {
    if constexpr (is_bitwise_v<std::pair<A, B>>) {
      out.raw(&value, sizeof value);
    } else {
      protocol::write(out, value.first);
      protocol::write(out, value.second);
    }
  }
  static void read(Reader& in, std::pair<A, B>& value) {
    if constexpr (is_bitwise_v<std::pair<A, B>>) {
      in.raw(static_cast<void*>(&value), sizeof value);
    } else {
      protocol::read(in, value.first);
      protocol::read(in, value.second);
    }
  }
};

template <class... T>
struct codec<std::tuple<T...>> {
  static void write(Writer& out, const std::tuple<T...>& value) {
    std::apply([&](const auto&... field) { (protocol::write(out, field), ...); }, value);
  }
  static void read(Reader& in, std::tuple<T...>& value) {
    std::apply([&](auto&... field) { (protocol::read(in, field), ...); }, value);
  }
};

template <class T>
struct codec<std::optional<T>> {
  static void write(Writer& out, const std::optional<T>& value) {
    protocol::write(out, static_cast<std::uint8_t>(value.has_value()));
    if (value) protocol::write(out, *value);
  }
  static void read(Reader& in, std::optional<T>& value) {
    std::uint8_t present = 0;
    protocol::read(in, present);
    value.reset();
    if (present != 0) protocol::read(in, value.emplace());
  }
};

template <class... T>
struct codec<std::variant<T...>> {
  using V = std::variant<T...>;
  static void write(Writer& out, const V& value) {
    protocol::write(out, static_cast<std::uint16_t>(value.index()));
    std::visit([&](const auto& held) { protocol::write(out, held); }, value);
  }
  static void read(Reader& in, V& value) {
    std::uint16_t index = 0;
    protocol::read(in, index);
    if (index >= sizeof...(T)) {
      in.fail();
      return;
    }
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (void)((I == index ? (protocol::read(in, value.template emplace<I>()), true) : false) || ...);
    }
    (std::index_sequence_for<T...>{});
  }
};

template <>
struct codec<std::monostate> {
  static void write(Writer&, std::monostate) {}
  static void read(Reader&, std::monostate&) {}
};

template <class T>
struct codec<std::shared_ptr<const T>> {
  static void write(Writer& out, const std::shared_ptr<const T>& value) {
    protocol::write(out, static_cast<std::uint8_t>(value != nullptr));
    if (value) protocol::write(out, *value);
  }
  static void read(Reader& in, std::shared_ptr<const T>& value) {
    std::uint8_t present = 0;
    protocol::read(in, present);
    if (present == 0) return;
    auto fresh = std::make_shared<T>();
    protocol::read(in, *fresh);
    value = std::move(fresh);
  }
};

namespace detail {

/// Growing step by step keeps a corrupt length from allocating the machine's memory at once.
inline constexpr std::size_t max_reserve = 1U << 20U;

template <class Sequence>
struct sequence_codec {
  using T = typename Sequence::value_type;
  static void write(Writer& out, const Sequence& value) {
    write_size(out, value.size());
    for (const auto& element : value) protocol::write(out, static_cast<const T&>(element));
  }
  static void read(Reader& in, Sequence& value) {
    value.clear();
    const std::size_t size = read_size(in);
    for (std::size_t i = 0; i < size && !in.failed(); ++i) {
      T element{};
      protocol::read(in, element);
      if (!in.failed()) value.insert(value.end(), std::move(element));
    }
  }
};

template <class Map>
struct map_codec {
  using K = typename Map::key_type;
  using V = typename Map::mapped_type;
  static void write(Writer& out, const Map& value) {
    write_size(out, value.size());
    for (const auto& [key, mapped] : value) {
      protocol::write(out, key);
      protocol::write(out, mapped);
    }
  }
  static void read(Reader& in, Map& value) {
    value.clear();
    const std::size_t size = read_size(in);
    for (std::size_t i = 0; i < size && !in.failed(); ++i) {
      std::pair<K, V> element{};
      protocol::read(in, element.first);
      protocol::read(in, element.second);
      if (!in.failed()) value.emplace(std::move(element.first), std::move(element.second));
    }
  }
};

}  // namespace detail

template <class T>
struct codec<std::vector<T>> {
  static void write(Writer& out, const std::vector<T>& value) {
    if constexpr (is_bitwise_v<T> && !std::is_same_v<T, bool>) {
      detail::write_size(out, value.size());
      out.raw(value.data(), value.size() * sizeof(T));
    } else {
      detail::sequence_codec<std::vector<T>>::write(out, value);
    }
  }
  static void read(Reader& in, std::vector<T>& value) {
    if constexpr (is_bitwise_v<T> && !std::is_same_v<T, bool>) {
      value.clear();
      const std::size_t size = detail::read_size(in);
      if (size > in.remaining() / sizeof(T)) {
        in.fail();
        return;
      }
      value.resize(size);
      in.raw(static_cast<void*>(value.data()), size * sizeof(T));
    } else {
      detail::sequence_codec<std::vector<T>>::read(in, value);
    }
  }
};

template <class T, std::size_t N>
struct codec<std::array<T, N>> {
  static void write(Writer& out, const std::array<T, N>& value) {
    for (const T& element : value) protocol::write(out, element);
  }
  static void read(Reader& in, std::array<T, N>& value) {
    for (T& element : value) protocol::read(in, element);
  }
};

template <class T, class C>
struct codec<std::set<T, C>> : detail::sequence_codec<std::set<T, C>> {};
template <class T, class H, class E>
struct codec<std::unordered_set<T, H, E>> : detail::sequence_codec<std::unordered_set<T, H, E>> {};
template <class K, class V, class C>
struct codec<std::map<K, V, C>> : detail::map_codec<std::map<K, V, C>> {};
template <class K, class V, class H, class E>
struct codec<std::unordered_map<K, V, H, E>> : detail::map_codec<std::unordered_map<K, V, H, E>> {};

}  // namespace volley::protocol
