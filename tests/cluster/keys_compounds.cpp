// Pairs, tuples and structs as keys.

#include "keys.hpp"

#include <tuple>

namespace cluster_test {
namespace {

struct Point {
  int x = 0;
  int y = 0;
  auto operator<=>(const Point&) const = default;
};

}  // namespace

void check_compound_keys(volley::Context& context, Checks& checks) {
  check_key<std::pair<std::string, int>>(
      context, checks, "pairs", {{"a", 1}, {"a", 2}, {"", 1}, {"a key of twenty bytes", -1}});
  check_key<std::tuple<int, std::string, char>>(
      context, checks, "tuples", {{1, "a", 'x'}, {1, "a", 'y'}, {1, "", 'x'}, {-1, "a", 'x'}});
  check_key<Point>(context, checks, "structs", {{0, 0}, {0, 1}, {1, 0}, {-1, 0}});
}

}  // namespace cluster_test
