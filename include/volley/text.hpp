#pragma once
// Text helpers: splitting a line into words, and how records look in a text file.

#include <boost/pfr.hpp>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace volley {

namespace detail {

inline constexpr std::array<bool, 256> white_space = [] {
  std::array<bool, 256> table{};
  for (const char c : {' ', '\t', '\n', '\v', '\f', '\r'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();
constexpr bool is_space(char c) { return white_space[static_cast<unsigned char>(c)]; }

}  // namespace detail

/// Calls `emit(std::string_view)` for every run of characters between ASCII white space.
template <class Emit>
void for_each_word(std::string_view line, Emit&& emit) {
  const char* at = line.data();
  const char* const end = at + line.size();
  while (at != end) {
    if (detail::is_space(*at)) {
      ++at;
      continue;
    }
    const char* const begin = at;
    do ++at;
    while (at != end && !detail::is_space(*at));
    emit(std::string_view(begin, static_cast<std::size_t>(at - begin)));
  }
}

/// Whether append_text() takes a T.
template <class T>
consteval bool has_text() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> ||
                std::is_convertible_v<const T&, std::string_view>) {
    return true;
  } else if constexpr (requires(const T& t) { t.begin(), t.end(); }) {
    return has_text<std::decay_t<decltype(*std::declval<const T&>().begin())>>();
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (has_text<std::tuple_element_t<I, T>>() && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (requires(const T& t) { t.has_value(), *t; }) {
    return has_text<std::decay_t<decltype(*std::declval<const T&>())>>();
  } else if constexpr (std::is_aggregate_v<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (has_text<boost::pfr::tuple_element_t<I, T>>() && ...);
    }
    (std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else {
    return false;
  }
}

/// Appends a record as Spark prints it: text as it is, numbers in shortest form, (a,b) for pairs
/// and tuples, [a, b] for lists, Some(a)/None for optionals, {a,b} for aggregates.
template <class T>
void append_text(std::string& out, const T& record) {
  if constexpr (std::is_same_v<T, bool>) {
    out += record ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    out += record;
  } else if constexpr (std::is_integral_v<T>) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), record).ptr;
    out.append(digits.data(), end);
  } else if constexpr (std::is_enum_v<T>) {
    append_text(out, static_cast<std::underlying_type_t<T>>(record));
  } else if constexpr (std::is_floating_point_v<T>) {
    fmt::format_to(std::back_inserter(out), "{}", record);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out += std::string_view(record);
  } else if constexpr (
      requires { std::tuple_size<T>::value; } && !requires { record.begin(); }) {
    out += '(';
    std::apply(
        [&](const auto&... part) {
          std::size_t index = 0;
          ((index++ != 0 ? void(out += ',') : void(), append_text(out, part)), ...);
        },
        record);
    out += ')';
  } else if constexpr (requires {
                         record.begin();
                         record.end();
                       }) {
    out += '[';
    bool first = true;
    for (const auto& part : record) {
      if (!std::exchange(first, false)) out += ", ";
      append_text(out, part);
    }
    out += ']';
  } else if constexpr (requires {
                         record.has_value();
                         *record;
                       }) {
    if (record) {
      out += "Some(";
      append_text(out, *record);
      out += ')';
    } else {
      out += "None";
    }
  } else {
    static_assert(std::is_aggregate_v<T>,
                  "this record has no text form: map it to a std::string before saving it");
    out += '{';
    bool first = true;
    boost::pfr::for_each_field(record, [&](const auto& part) {
      if (!std::exchange(first, false)) out += ',';
      append_text(out, part);
    });
    out += '}';
  }
}

}  // namespace volley
