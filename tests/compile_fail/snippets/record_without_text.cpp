// expect: map it to a std::string
#include <volley/volley.hpp>

class Secret {
 public:
  Secret() = default;

 private:
  int value_ = 0;
};
void snippet(volley::Context& context) {
  context.parallelize({1}).map([](int) { return Secret(); }).save_as_text_file("x");
}
