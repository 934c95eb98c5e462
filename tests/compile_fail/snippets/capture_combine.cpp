// expect: volley::bind(f, value)
#include <volley/volley.hpp>

auto snippet(volley::Context& context, const std::string& lead) {
  return context.parallelize({std::pair{1, 2}})
      .combine_by_key([](int x) { return x; }, [lead](int a, int b) { return a + b; },
                      std::plus<>{});
}
