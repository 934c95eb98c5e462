// expect: save_as_hdf5 needs records that are rows of numbers
#include <volley/volley.hpp>

void snippet(volley::Context& context) {
  context.text_file("input").save_as_hdf5("file.h5", "lines");
}
