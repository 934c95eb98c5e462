// join LEFT RIGHT: joins two files of pairs of 64-bit numbers by key, and prints how many rows that
// gives and the sum of left value times right value over them (modulo 2^64).

#include <volley/volley.hpp>

#include <iostream>

namespace {

using Pair = std::pair<std::uint64_t, std::uint64_t>;

}  // namespace

int join(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 2) {
    std::cerr << "usage: join LEFT RIGHT\n";
    return 2;
  }
  const auto [rows, checksum] = context.binary_records<Pair>(args[0])
                                    .join(context.binary_records<Pair>(args[1]))
                                    .map([](const auto& row) {
                                      const auto& [left, right] = row.second;
                                      return Pair{1, left * right};
                                    })
                                    .reduce([](const Pair& a, const Pair& b) {
                                      return Pair{a.first + b.first, a.second + b.second};
                                    });
  std::cout << "rows=" << rows << " checksum=" << checksum << '\n';
  return 0;
}
VOLLEY_APPLICATION(join)
