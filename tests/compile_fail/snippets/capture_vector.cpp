// expect: volley::bind(f, value)
#include <volley/volley.hpp>

auto snippet(volley::Context& context, const std::vector<int>& limits) {
  return context.parallelize({1}).filter([limits](int x) { return x < limits[0]; });
}
