// expect: volley::bind(f, value)
#include <volley/volley.hpp>

auto snippet(volley::Context& context, const std::function<int(int, int)>& add) {
  return context.parallelize({std::pair{1, 2}}).reduce_by_key(add);
}
