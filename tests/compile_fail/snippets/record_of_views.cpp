// expect: std::string
#include <volley/volley.hpp>

struct Word {
  std::string_view text;
  int length = 0;
};
auto snippet(volley::Context& context) {
  return context.text_file("x").map([](std::string_view line) { return Word{line, 1}; }).collect();
}
