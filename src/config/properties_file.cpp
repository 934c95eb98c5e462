#include "config/properties_file.hpp"

#include <fmt/format.h>

namespace volley::config {
namespace {

constexpr std::string_view blank = " \t\f\r";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Takes one line off `rest`, without its end.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

/// The logical line that starts with `line`: joined with the next ones while it ends in a
/// backslash.
std::string joined(std::string_view line, std::string_view& rest, std::size_t& number) {
  std::string text(line);
  while (text.ends_with('\\') && !rest.empty()) {
    text.pop_back();
    text += trimmed(take_line(rest));
    ++number;
  }
  return text;
}

}  // namespace

PropertiesFile parse_properties(std::string_view text, std::string_view name) {
  PropertiesFile file;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t at = ++number;
    const std::string_view first = trimmed(take_line(text));
    if (first.empty() || first.front() == '#' || first.front() == '!') continue;
    const std::string line = joined(first, text, number);
    if (line.find('\0') != std::string::npos) {
      file.problems.push_back(fmt::format("{}:{}: not a text file", name, at));
      break;
    }
    const auto key_end = line.find_first_of(" \t\f=:");
    const std::string key = line.substr(0, key_end);
    std::string_view value =
        key_end == std::string::npos ? std::string_view{} : std::string_view(line).substr(key_end);
    value = trimmed(value);
    if (!value.empty() && (value.front() == '=' || value.front() == ':')) {
      value = trimmed(value.substr(1));
    }
    if (key.empty()) {
      file.problems.push_back(
          fmt::format("{}:{}: '{}' has no key before the '{}'", name, at, line, line.front()));
    } else if (key_end == std::string::npos) {
      file.problems.push_back(fmt::format(
          "{}:{}: '{}' has no value (write 'key value' or 'key=value')", name, at, key));
    } else {
      file.properties.push_back({key, std::string(value), at});
    }
  }
  return file;
}

}  // namespace volley::config
