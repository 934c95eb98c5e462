// expect: map the keys of one side
#include <volley/volley.hpp>

auto snippet(volley::Context& context) {
  return context.parallelize({std::pair{1, 2}}).join(context.parallelize({std::pair{1L, 2}}));
}
