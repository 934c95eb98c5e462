// expect: needs merge(other), is_zero() and value()
#include <volley/volley.hpp>

struct Total {
  int sum = 0;
  void add(int more) { sum += more; }
};
auto snippet(volley::Context& context) { return context.register_accumulator(Total{}, "total"); }
