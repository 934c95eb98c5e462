// expect: volley::bind(f, value)
#include <volley/volley.hpp>

auto snippet(volley::Context& context, const std::string& text) {
  return context.parallelize({1}).map([text](int x) { return text + std::to_string(x); });
}
