// How the text of an option becomes its value.
#include "config/option_table.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>

namespace volley::config {
namespace {

using base::Failure;
using base::Result;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return text;
}

template <class T>
Result<OptionValue> parse_plain(std::string_view text, std::string_view what) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return Failure{fmt::format("'{}' is not {}", text, what)};
  }
  return OptionValue{value};
}

Result<OptionValue> parse_number(std::string_view text) {
  auto result = parse_plain<double>(text, "a number");
  if (result && !std::isfinite(std::get<double>(result.value()))) {
    return Failure{fmt::format("'{}' is not a finite number", text)};
  }
  return result;
}

Result<OptionValue> parse_boolean(std::string_view text) {
  std::string lower;
  for (const char c : text) {
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (lower == "true") return OptionValue{true};
  if (lower == "false") return OptionValue{false};
  return Failure{fmt::format("'{}' is not true or false", text)};
}

bool is_choice(std::string_view choices, std::string_view text) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == text) return true;
    if (bar == std::string_view::npos) break;
    choices.remove_prefix(bar + 1);
  }
  return false;
}

Result<OptionValue> parse_text(const Option& option, std::string_view text) {
  if (!option.choices.empty() && !is_choice(option.choices, text)) {
    std::string words;
    for (const char c : option.choices) words += c == '|' ? std::string(", ") : std::string(1, c);
    return Failure{fmt::format("'{}' is not one of {}", text, words)};
  }
  return OptionValue{std::string(text)};
}

Result<OptionValue> parse_typed(const Option& option, std::string_view text) {
  switch (option.type) {
    case OptionType::bytes: {
      const auto value = base::parse_bytes(text, option.unit == "m" ? 1U << 20U : 1U);
      if (!value) return value.failure();
      return OptionValue{value.value()};
    }
    case OptionType::duration: {
      const base::Duration unit = option.unit == "ms" ? base::Duration{std::chrono::milliseconds{1}}
                                                      : base::Duration{std::chrono::seconds{1}};
      const auto value = base::parse_duration(text, unit);
      if (!value) return value.failure();
      return OptionValue{value.value()};
    }
    case OptionType::integer:
      return parse_plain<std::int64_t>(text, "a whole number");
    case OptionType::boolean:
      return parse_boolean(text);
    case OptionType::number:
      return parse_number(text);
    case OptionType::text:
      return parse_text(option, text);
  }
  return Failure{"unknown type of option"};
}

}  // namespace

Result<OptionValue> parse_value(const Option& option, std::string_view given) {
  const std::string_view text = trimmed(given);
  auto value = parse_typed(option, text);
  // The default may stand for something that no value in the bounds says.
  if (!value || text == option.fallback) return value;
  // Bounds are of the option's own type, so that the variants hold the same alternative.
  if (!option.minimum.empty() && value.value() < parse_typed(option, option.minimum).value()) {
    return Failure{fmt::format("'{}' is less than the minimum {}", text, option.minimum)};
  }
  if (!option.maximum.empty() && value.value() > parse_typed(option, option.maximum).value()) {
    return Failure{fmt::format("'{}' is more than the maximum {}", text, option.maximum)};
  }
  return value;
}

}  // namespace volley::config
