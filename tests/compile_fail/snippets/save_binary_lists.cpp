// expect: save_as_binary_records needs records that are the same in memory as in a file
#include <volley/volley.hpp>

void snippet(volley::Context& context) {
  context.parallelize({std::vector{1}}).save_as_binary_records("output");
}
