#pragma once
// Configuration: the options of one application in layers. A value set by the program wins over the
// command line, that over the properties file, that over volley-defaults.conf, that over the
// default of the option table; within a layer the last one wins. It keeps where each value came
// from.
//
// Whoever builds a configuration calls validate() once, which reports everything that is wrong with
// it; the typed getters may be used after that, and treat a bad value as a bug.

#include "base/result.hpp"
#include "base/units.hpp"
#include "config/option_table.hpp"
#include "config/properties_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volley::config {

/// Who set a value, weakest first.
enum class Layer : std::uint8_t { defaults_file, properties_file, command_line, program };

/// One setting as it was given.
struct Entry {
  Layer layer = Layer::program;
  std::string key;     ///< as given, perhaps Spark's
  std::string value;   ///< as given
  std::string origin;  ///< for messages: "conf/volley-defaults.conf:3", "--num-executors"
};

/// Everything that is wrong with a configuration, as lines for the user.
struct Validation {
  std::vector<std::string> errors;    ///< not empty: nothing may start
  std::vector<std::string> warnings;  ///< keys that are neither Volley's nor Spark's
  std::vector<std::string> notices;   ///< at most one: Spark keys that have no meaning here
  bool ok() const { return errors.empty(); }
};

/// The value in force of one option.
struct EffectiveValue {
  std::string key;
  std::string value;
  std::string origin;  ///< "default" when nobody set it
};

class Configuration {
 public:
  Configuration() = default;
  explicit Configuration(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  /// Any key is taken; validate() judges it.
  void set(Layer layer, std::string key, std::string value, std::string origin);
  /// Adds the settings of a parsed file; its problems become errors of validate().
  void add_file(Layer layer, const PropertiesFile& file, std::string_view name);

  Validation validate() const;

  /// The option's text in force: the strongest setting or the default. `key` is an option's own
  /// key.
  std::string text(std::string_view key) const;
  base::ByteCount bytes(std::string_view key) const;
  base::Duration duration(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  bool flag(std::string_view key) const;
  double number(std::string_view key) const;
  /// Whether anybody set the option.
  bool is_set(std::string_view key) const;

  /// The value in force of every option, in the table's order.
  std::vector<EffectiveValue> effective() const;
  const std::vector<Entry>& entries() const { return entries_; }

  /// The options that somebody set, with their value in force: Submission::configuration.
  std::vector<std::pair<std::string, std::string>> to_pairs() const;
  /// The inverse; the values count as given on the command line, so that the program can override
  /// them.
  static Configuration from_pairs(const std::vector<std::pair<std::string, std::string>>& pairs);

 private:
  const Entry* winner(std::string_view key) const;
  template <class T>
  T get(std::string_view key) const;

  std::vector<Entry> entries_;
  std::vector<std::string> file_problems_;
};

}  // namespace volley::config
