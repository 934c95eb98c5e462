// expect: std::pair
#include <volley/volley.hpp>

auto snippet(volley::Context& context) {
  return context.parallelize({std::pair{1, 2}}).join(context.parallelize({1}));
}
