// Numbers as keys.

#include "keys.hpp"

#include <cstdint>

namespace cluster_test {
namespace {

enum class Color : std::uint8_t { red, green, blue };

}  // namespace

void check_number_keys(volley::Context& context, Checks& checks) {
  check_key<std::int64_t>(context, checks, "negative integers",
                          {0, -1, 1, INT64_MIN, INT64_MAX, -1000000007});
  check_key<Color>(context, checks, "enums", {Color::red, Color::green, Color::blue});
  check_key<double>(context, checks, "numbers", {0.0, -1.5, 1e300, 0.1});
}

}  // namespace cluster_test
