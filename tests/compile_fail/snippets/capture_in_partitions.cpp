// expect: volley::bind(f, value)
#include <volley/volley.hpp>

auto snippet(volley::Context& context, const std::vector<int>& values) {
  return context.parallelize({1}).map_partitions([values](auto&) { return values; });
}
