// expect: volley::bind(f, value)
#include <volley/volley.hpp>

auto snippet(volley::Context& context, const std::string& text) {
  return context.parallelize({1}).reduce([text](int a, int b) { return a + b; });
}
