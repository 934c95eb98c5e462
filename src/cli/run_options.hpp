#pragma once
// The options of `volley run`: spark-submit's names, each standing for a key of the option table.

#include <cstdint>
#include <span>
#include <string_view>

namespace volley::cli {

enum class Meaning : std::uint8_t {
  key,              ///< sets the option `key`
  conf,             ///< --conf key=value
  properties_file,  ///< --properties-file FILE
  verbose,
  help,
  version,
  ignored,  ///< spark-submit's, without a meaning here: accepted with a notice
};

struct RunOption {
  std::string_view name;        ///< "--num-executors"
  std::string_view short_name;  ///< "-c", or empty
  Meaning meaning;
  std::string_view value{};  ///< what help calls its value; empty: it takes none
  std::string_view key{};
  std::string_view positive{};  ///< not empty: "<this> must be a positive number" when it is not
  std::string_view help{};
};

std::span<const RunOption> run_options();
/// By name or short name; null when there is none.
const RunOption* find_run_option(std::string_view name);

}  // namespace volley::cli
