#pragma once
// What a key given by a user means: an option of the table, a Spark key with an equivalent option,
// a Spark key without one, a misspelt option, or something of another program.

#include <cstdint>
#include <string>
#include <string_view>

namespace volley::config {

enum class KeyKind : std::uint8_t {
  option,         ///< names an option, by its own key or by Spark's
  unknown,        ///< begins with "volley." but is no option: an error
  spark_ignored,  ///< Spark's, without a counterpart: accepted, with a notice
  foreign,        ///< neither: warned about and ignored, as spark-submit does
};

struct ResolvedKey {
  KeyKind kind = KeyKind::foreign;
  std::string key;  ///< of the option; the given key for the other kinds
};

ResolvedKey resolve_key(std::string_view given);

}  // namespace volley::config
