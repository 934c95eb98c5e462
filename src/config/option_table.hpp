#pragma once
// The option table: every configuration option of Volley, once. Validation, --help, the
// documentation page and the defaults of the code all come from it. Keys are Spark's with `volley.`
// for `spark.` where the concept is the same. Key, type, unit and default are a public interface.

#include "base/result.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace volley::config {

enum class OptionType : std::uint8_t { bytes, duration, integer, boolean, number, text };

/// Chapters of the documentation page, in its order.
enum class Category : std::uint8_t { application, resources, execution, input, exchange, cluster };

/// Who reads the option, hence where setting it has an effect.
enum class AppliesTo : std::uint8_t {
  launch,       ///< whoever starts the MPI job: not settable by the program
  cluster,      ///< the ranks, for all applications of the MPI job: not settable by the program
  application,  ///< one application
};

struct Option {
  std::string_view key{};
  OptionType type = OptionType::text;
  std::string_view fallback{};  ///< the default, written as a user would
  std::string_view doc{};       ///< one line
  Category category = Category::application;
  AppliesTo applies_to = AppliesTo::application;
  std::string_view minimum{};  ///< inclusive, in the option's notation; empty: none
  std::string_view maximum{};
  std::string_view unit{};     ///< what a plain number counts: "m" or "b" (bytes), "s" or "ms"
  std::string_view choices{};  ///< text only: the accepted words, separated by '|'; empty: any text
};

using OptionValue =
    std::variant<base::ByteCount, base::Duration, std::int64_t, bool, double, std::string>;

/// All options, sorted by category and then as the documentation lists them.
std::span<const Option> option_table();
/// The option of that key, or null.
const Option* find_option(std::string_view key);

/// The value of `text` for this option, or what is wrong with it ("'x' is not a whole number").
base::Result<OptionValue> parse_value(const Option& option, std::string_view text);

std::string_view name_of(OptionType type);
std::string_view name_of(Category category);
std::string_view name_of(AppliesTo applies_to);

/// The documentation page: what `volley config --markdown` prints and docs/configuration.md holds.
std::string options_as_markdown();
/// What `volley config` prints: key, default and meaning in aligned columns.
std::string options_as_text();

}  // namespace volley::config
