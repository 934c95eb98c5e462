// Compiles: the control for the snippets that must not.
// expect: nothing
#include <volley/volley.hpp>

#include <functional>

int main_function(volley::Context& context, const std::vector<std::string>& args) {
  const std::string prefix = args.at(0);
  auto pairs = context.parallelize({1, 2, 3}).map([](int x) { return std::pair{x % 2, x}; });
  auto named = pairs.map_values(volley::bind(
      [](const std::string& text, int x) { return text + std::to_string(x); }, prefix));
  return static_cast<int>(pairs.reduce_by_key(std::plus<>{}).join(named).count());
}
VOLLEY_APPLICATION(main_function)
