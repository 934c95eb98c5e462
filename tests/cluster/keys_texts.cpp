// Strings, and containers of strings, as keys.

#include "keys.hpp"

#include <optional>

namespace cluster_test {

void check_text_keys(volley::Context& context, Checks& checks) {
  check_key<std::string>(
      context, checks, "strings",
      {"", "a", std::string("a\0b", 3), std::string("a\0", 2), "exactly 16 bytes",
       "exactly 17 bytes!", std::string(5000, 'l'), std::string(16, '\0'), std::string(17, '\0')});
  check_key<std::optional<std::string>>(context, checks, "optionals", {std::nullopt, "", "a"});
  check_key<std::vector<std::string>>(context, checks, "vectors",
                                      {{}, {""}, {"a", "b"}, {"ab"}, {"a", "b", ""}});
}

}  // namespace cluster_test
