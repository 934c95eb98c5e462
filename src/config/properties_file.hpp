#pragma once
// Properties files in the format of Spark's: one "key value" or "key=value" (or "key: value") a
// line, whitespace around keys and values ignored, lines that begin with '#' or '!' are comments, a
// backslash at the end of a line continues it.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace volley::config {

struct Property {
  std::string key;
  std::string value;
  std::size_t line = 0;  ///< where it begins, counted from 1
};

struct PropertiesFile {
  std::vector<Property> properties;   ///< in file order
  std::vector<std::string> problems;  ///< "<name>:<line>: what is wrong"; empty for a good file
};

/// `name` appears in the problems only.
PropertiesFile parse_properties(std::string_view text, std::string_view name);

}  // namespace volley::config
