// sum_by_key PAIRS KEYS: sums values by key and prints how many keys there are and the sum of all.
// PAIRS is a file of pairs of 64-bit numbers, or how many to make: pair i has the key
// mix(i) % KEYS and the value i % 1024.

#include "inputs.hpp"

#include <volley/volley.hpp>

#include <iostream>

namespace {

using Pair = std::pair<std::uint64_t, std::uint64_t>;

/// Prints (keys, sum) of the pairs.
template <class Pairs>
void report(const Pairs& pairs) {
  const auto [keys, sum] = pairs.reduce_by_key(std::plus<>{})
                               .map([](const Pair& total) {
                                 return Pair{1, total.second};
                               })
                               .reduce([](const Pair& a, const Pair& b) {
                                 return Pair{a.first + b.first, a.second + b.second};
                               });
  std::cout << "keys=" << keys << " sum=" << sum << '\n';
}

}  // namespace

int sum_by_key(volley::Context& context, const std::vector<std::string>& args) {
  const auto keys = args.size() == 2 ? bench::number(args[1]) : std::nullopt;
  if (!keys || *keys == 0) {
    std::cerr << "usage: sum_by_key PAIRS KEYS\n";
    return 2;
  }
  if (const auto pairs = bench::number(args[0])) {
    report(context.range(0, *pairs).map([keys = static_cast<std::uint64_t>(*keys)](std::int64_t i) {
      const auto index = static_cast<std::uint64_t>(i);
      return Pair{bench::mix(index) % keys, index % 1024};
    }));
  } else {
    report(context.binary_records<Pair>(args[0]));
  }
  return 0;
}
VOLLEY_APPLICATION(sum_by_key)
