// expect: volley::bind(f, value)
#include <volley/volley.hpp>

void snippet(volley::Context& context, const std::string& text) {
  context.parallelize({1}).foreach ([text](int x) { (void)(text.size() + x); });
}
