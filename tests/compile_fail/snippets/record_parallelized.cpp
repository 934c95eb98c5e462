// expect: aggregate struct
#include <volley/volley.hpp>

auto snippet(volley::Context& context) {
  return context.parallelize(std::vector<std::function<int()>>(3));
}
