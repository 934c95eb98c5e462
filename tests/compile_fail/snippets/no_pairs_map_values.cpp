// expect: std::pair
#include <volley/volley.hpp>

auto snippet(volley::Context& context) {
  return context.parallelize({1, 2}).map_values([](int x) { return x; });
}
