// expect: hdf5_dataset needs records that are rows of numbers
#include <volley/volley.hpp>

auto snippet(volley::Context& context) {
  return context.hdf5_dataset<std::string>("file.h5", "names").count();
}
