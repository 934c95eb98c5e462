// expect: volley::bind(f, value)
#include <volley/volley.hpp>

auto snippet(volley::Context& context, const std::function<int(int)>& step) {
  return context.parallelize({1}).flat_map([step](int x) { return std::vector{step(x)}; });
}
