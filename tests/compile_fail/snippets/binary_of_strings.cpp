// expect: binary_records needs records that are the same in memory as in a file
#include <volley/volley.hpp>

auto snippet(volley::Context& context) {
  return context.binary_records<std::pair<std::string, int>>("input").count();
}
