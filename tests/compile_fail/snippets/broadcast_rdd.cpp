// expect: call collect() and broadcast the result
// The case BCAST_012.
#include <volley/volley.hpp>

auto snippet(volley::Context& context) { return context.broadcast(context.parallelize({1, 2})); }
