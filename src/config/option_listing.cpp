// The option table for readers: the documentation page and the console listing.
#include "config/option_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace volley::config {
namespace {

/// "0 to 1", "at least 16m", "cluster or client", or empty.
std::string range_of(const Option& option) {
  if (!option.choices.empty()) {
    std::string words;
    for (const char c : option.choices) words += c == '|' ? std::string(", ") : std::string(1, c);
    return words;
  }
  if (!option.minimum.empty() && !option.maximum.empty()) {
    return fmt::format("{} to {}", option.minimum, option.maximum);
  }
  if (!option.minimum.empty()) return fmt::format("at least {}", option.minimum);
  if (!option.maximum.empty()) return fmt::format("at most {}", option.maximum);
  return {};
}

std::string type_of(const Option& option) {
  if (option.unit.empty()) return std::string(name_of(option.type));
  static constexpr std::string_view mebibytes = "MiB";
  const std::string_view unit = option.unit == "m" ? mebibytes : option.unit;
  return fmt::format("{} ({})", name_of(option.type), unit);
}

constexpr std::string_view page_start = R"(# Configuration

This page is what `volley config --markdown` prints; a test compares the two.

Values come, first one wins, from the program, the command line (`--conf key=value` and the options
of `volley run`), the file named by `--properties-file`, the file `volley-defaults.conf` (in
`$VOLLEY_CONF_DIR`, else `conf` of the installation, else `./conf`), and the defaults below.
`volley run --verbose` says where each value came from.

Files have one `key value` or `key=value` a line; `#` starts a comment line. A Spark key
(`spark.executor.memory`) means the option of the same name here; Spark keys without a
counterpart are ignored with a notice. Sizes take the units b, k, m, g, t and p (binary), durations
us, ms, s, min, h and d; the unit in parentheses is what a plain number counts. *Read by* says who
uses an option: what `launch` and `cluster` read must be set before the program starts.
)";

}  // namespace

std::string options_as_markdown() {
  std::string page(page_start);
  std::optional<Category> category;
  for (const Option& option : option_table()) {
    if (category != option.category) {
      category = option.category;
      page += fmt::format(
          "\n## {}\n\n| Key | Default | Type | Range | Read by | Meaning |\n"
          "| --- | --- | --- | --- | --- | --- |\n",
          name_of(*category));
    }
    const std::string fallback =
        option.fallback.empty() ? "(empty)" : fmt::format("`{}`", option.fallback);
    page += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", option.key, fallback,
                        type_of(option), range_of(option), name_of(option.applies_to), option.doc);
  }
  return page;
}

std::string options_as_text() {
  std::size_t key_width = 0;
  for (const Option& option : option_table()) key_width = std::max(key_width, option.key.size());
  std::string list;
  std::optional<Category> category;
  for (const Option& option : option_table()) {
    if (category != option.category) {
      list += fmt::format("{}{}:\n", category ? "\n" : "", name_of(option.category));
      category = option.category;
    }
    list += fmt::format("  {:<{}}  {:<8}  {}\n", option.key, key_width,
                        option.fallback.empty() ? "-" : option.fallback, option.doc);
  }
  return list;
}

}  // namespace volley::config
