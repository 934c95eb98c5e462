// SHUF_006: a key that cannot be sent to another rank.
// expect: aggregate struct
#include <volley/volley.hpp>

struct Node {
  int value = 0;
  Node* next = nullptr;
  bool operator==(const Node&) const = default;
};
auto snippet(volley::Context& context) {
  return context.parallelize({1}).map([](int x) { return std::pair{Node{}, x}; }).group_by_key();
}
