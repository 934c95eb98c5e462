// expect: aggregate struct
#include <volley/volley.hpp>

auto snippet(volley::Context& context) {
  return context.parallelize({1}).map([](int) { return static_cast<int*>(nullptr); }).collect();
}
