// expect: stats needs records that are numbers
#include <volley/volley.hpp>

auto snippet(volley::Context& context) { return context.parallelize({"a", "b"}).stats(); }
