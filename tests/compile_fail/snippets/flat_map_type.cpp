// expect: flat_map<T>(f)
#include <volley/volley.hpp>

auto snippet(volley::Context& context) {
  return context.parallelize({1}).flat_map([](int, auto&& emit) { emit(std::string("text")); });
}
