#pragma once
// Closures: what a function that is passed to an operation may capture. Executors run the same
// module at other addresses, so code travels as (module, offset) and captures travel by value:
//
//   - a function or a lambda whose captures are trivially copyable (numbers, fixed arrays,
//   handles);
//   - an aggregate struct with operator() whose members can be serialized;
//   - volley::bind(f, args...): the args are serialized and come first when f is called.
//
// Anything else does not compile. Captured pointers and references would be garbage on an executor;
// the captured words are scanned against the driver's memory before they are shipped, and a find is
// refused with the operation and the offset. volley::unchecked(f) switches the scan off for an
// integer that happens to look like an address.

#include "program/modules.hpp"
#include "protocol/codec.hpp"

#include <volley/types.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// Literals are written like strings, and read as such.
template <>
struct volley::protocol::codec<const char*> {
  static void write(Writer& out, const char* value) {
    protocol::write(out, std::string_view(value));
  }
};

namespace volley {

template <class T>
using codec = protocol::codec<T>;

namespace detail {

template <class F, class... Args>
struct Bound {
  F function;
  std::tuple<Args...> arguments;
  template <class... Records>
  constexpr decltype(auto) operator()(Records&&... records) const {
    return std::apply(
        [&](const Args&... bound) -> decltype(auto) {
          return function(bound..., std::forward<Records>(records)...);
        },
        arguments);
  }
};

template <class F>
struct Unchecked {
  F function;
  template <class... Records>
  constexpr decltype(auto) operator()(Records&&... records) const {
    return function(std::forward<Records>(records)...);
  }
};

/// A value that travels beside the functions of an operation.
template <class T>
struct Value {
  T value;
};

/// The functions and values of an operation that has several. (In a std::tuple, GCC 12 would not
/// take a lambda with a constant capture for trivially copyable.)
template <std::size_t I, class F>
struct Part {
  F function;
};
template <class Indices, class... F>
struct Parts;
template <std::size_t... I, class... F>
struct Parts<std::index_sequence<I...>, F...> : Part<I, F>... {};
template <class... F>
struct Functions : Parts<std::index_sequence_for<F...>, F...> {};
template <class... F>
Functions<F...> make_functions(F... parts) {
  return {{{std::move(parts)}...}};
}
/// One of them.
template <std::size_t I, class F>
F& part_of(Part<I, F>& part) {
  return part.function;
}
template <std::size_t I, class F>
const F& part_of(const Part<I, F>& part) {
  return part.function;
}

template <class F>
struct is_bound : std::false_type {};
template <class F, class... Args>
struct is_bound<Bound<F, Args...>> : std::true_type {};
template <class F>
struct is_unchecked : std::false_type {};
template <class F>
struct is_unchecked<Unchecked<F>> : std::true_type {};
template <class F>
struct is_value : std::false_type {};
template <class T>
struct is_value<Value<T>> : std::true_type {};
template <class F>
struct is_functions : std::false_type {};
template <class... F>
struct is_functions<Functions<F...>> : std::true_type {};
template <class F>
concept FunctionPointer = std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;
template <class F>
concept SerializableFunctor = std::is_aggregate_v<F> && !std::is_trivially_copyable_v<F> &&
                              std::is_default_constructible_v<F>;
template <class F>
concept Shippable =
    FunctionPointer<F> || is_bound<F>::value || is_unchecked<F>::value || is_value<F>::value ||
    is_functions<F>::value || std::is_trivially_copyable_v<F> || SerializableFunctor<F>;
/// Functions of operations themselves: what they capture is no address.
template <class F>
concept HoldsNumbers = requires {
  F::holds_numbers;
};

/// Refuses captures that hold an address of this process; `operation` and `where` name the call.
/// Throws InvalidArgument.
void check_captures(const void* captures, std::size_t size, const std::string& operation);

/// The memory of a trivially copyable function. Its padding is zero: what an earlier variable left
/// there may be an address, and is no capture.
template <class F>
std::array<std::byte, sizeof(F)> bytes_of(const F& function) {
  alignas(F) std::array<std::byte, sizeof(F)> bytes;
  std::memcpy(bytes.data(), static_cast<const void*>(&function), sizeof function);
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(std::launder(reinterpret_cast<F*>(bytes.data())));
#endif
  return bytes;
}

template <class F>
void pack_function(protocol::Writer& out, const F& function, const std::string& operation);

template <std::size_t... I, class... F>
void pack_parts(protocol::Writer& out, const Parts<std::index_sequence<I...>, F...>& parts,
                const std::string& operation) {
  (pack_function(out, part_of<I>(parts), operation), ...);
}

template <class F>
void pack_function(protocol::Writer& out, const F& function, const std::string& operation) {
  if constexpr (FunctionPointer<F>) {
    protocol::write(out, program::identify(reinterpret_cast<const void*>(function)));
  } else if constexpr (is_bound<F>::value) {
    pack_function(out, function.function, operation);
    protocol::write(out, function.arguments);
  } else if constexpr (is_unchecked<F>::value) {
    out.raw(&function.function, sizeof function.function);
  } else if constexpr (is_value<F>::value) {
    protocol::write(out, function.value);
  } else if constexpr (is_functions<F>::value) {
    pack_parts(out, function, operation);
  } else if constexpr (std::is_trivially_copyable_v<F>) {
    const auto bytes = bytes_of(function);
    if constexpr (!std::is_empty_v<F> && !HoldsNumbers<F>)
      check_captures(bytes.data(), bytes.size(), operation);
    out.raw(bytes.data(), bytes.size());
  } else {
    protocol::write(out, function);
  }
}

/// Room for an object that is made from shipped bytes, whether or not it has a default constructor.
template <class F>
class Shipped {
 public:
  explicit Shipped(protocol::Reader& in) {
    if constexpr (FunctionPointer<F>) {
      protocol::FunctionRef reference;
      protocol::read(in, reference);
      const auto address = program::resolve(reference);
      new (storage_) F(reinterpret_cast<F>(const_cast<void*>(address.value())));
    } else if constexpr (is_bound<F>::value) {
      read_bound(in, static_cast<F*>(nullptr));
    } else if constexpr (is_functions<F>::value) {
      read_functions(in, static_cast<F*>(nullptr));
    } else if constexpr (is_value<F>::value) {
      protocol::read(in, (new (storage_) F{})->value);
    } else if constexpr (is_unchecked<F>::value || std::is_trivially_copyable_v<F>) {
      in.raw(storage_, sizeof(F));
    } else {
      protocol::read(in, *new (storage_) F{});
    }
  }
  Shipped(const Shipped&) = delete;
  Shipped& operator=(const Shipped&) = delete;
  ~Shipped() { get().~F(); }

  F& get() { return *std::launder(reinterpret_cast<F*>(storage_)); }
  const F& get() const { return *std::launder(reinterpret_cast<const F*>(storage_)); }

 private:
  template <class G, class... Args>
  void read_bound(protocol::Reader& in, Bound<G, Args...>*) {
    Shipped<G> function(in);
    std::tuple<Args...> arguments;
    protocol::read(in, arguments);
    new (storage_) F{function.get(), std::move(arguments)};
  }
  template <class... G>
  void read_functions(protocol::Reader& in, Functions<G...>*) {
    // Elements of a list in braces are made from the first to the last.
    const std::tuple<std::unique_ptr<Shipped<G>>...> parts{std::make_unique<Shipped<G>>(in)...};
    std::apply([&](const auto&... part) { new (storage_) F(make_functions<G...>(part->get()...)); },
               parts);
  }
  alignas(F) std::byte storage_[sizeof(F)];
};

}  // namespace detail

/// A function whose first arguments are fixed to copies of `args`, which are serialized with it:
/// filter(volley::bind([](const std::string& word, std::string_view line) {...}, word)).
template <class F, class... Args>
auto bind(F function, Args&&... args) {
  return detail::Bound<F, owned_t<Args>...>{std::move(function),
                                            {detail::to_owned(std::forward<Args>(args))...}};
}

/// Ships a trivially copyable function without looking for addresses in its captures.
template <class F>
requires std::is_trivially_copyable_v<F>
auto unchecked(F function) { return detail::Unchecked<F>{std::move(function)}; }

}  // namespace volley

// These stand first in operations, so that a mistake's first error is one readable line.
#define VOLLEY_REQUIRE_SHIPPABLE(F)   \
  static_assert(                      \
      ::volley::detail::Shippable<F>, \
      "a captured value cannot travel: use volley::bind(f, value) or a struct with operator()")
