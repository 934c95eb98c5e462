// [first_program]
// squares N: the sum of the squares of 1 to N.
#include <volley/volley.hpp>

#include <iostream>

int squares(volley::Context& context, const std::vector<std::string>& args) {
  const std::int64_t last = std::stoll(args.at(0));
  const auto sum =
      context.range(1, last + 1).map([](std::int64_t n) { return n * n; }).reduce(std::plus<>{});
  std::cout << sum << '\n';
  return 0;
}
VOLLEY_APPLICATION(squares)
// [/first_program]
