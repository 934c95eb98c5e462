// expect: aggregate struct
#include <volley/volley.hpp>

class Secret {
 public:
  Secret() = default;
  explicit Secret(int value) : value_(value) {}

 private:
  int value_ = 0;
};
auto snippet(volley::Context& context) {
  return context.parallelize({1}).map([](int x) { return Secret(x); }).collect();
}
