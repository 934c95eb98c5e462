// expect: aggregate struct
#include <volley/volley.hpp>

struct Node {
  int value = 0;
  Node* next = nullptr;
};
auto snippet(volley::Context& context) {
  return context.parallelize({1}).map([](int x) { return std::pair{x, Node{}}; }).group_by_key();
}
