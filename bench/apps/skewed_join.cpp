// skewed_join PAIRS PERCENT: joins so many pairs of numbers, of which some percent have the same
// key, with four for each of a million keys, and sums what comes by a second key. Prints the rows,
// a checksum and how long the join and the sums took. With --conf
// volley.adaptive.skewedPartitionFactor=0 one task reads all pairs of that key.

#include "inputs.hpp"

#include <volley/volley.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <utility>

namespace {

constexpr std::int64_t keys = 1000000;

/// Not negative.
std::int64_t scatter(std::int64_t i) {
  return static_cast<std::int64_t>(bench::mix(static_cast<std::uint64_t>(i)) >> 1U);
}

}  // namespace

int skewed_join(volley::Context& context, const std::vector<std::string>& args) {
  const auto pairs = args.empty() ? std::nullopt : bench::number(args[0]);
  const auto percent = args.size() == 2 ? bench::number(args[1]) : std::nullopt;
  if (!pairs || !percent || *percent > 100) {
    std::cerr << "usage: skewed_join PAIRS PERCENT\n";
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto left = context.range(0, *pairs, 1, 16).map([share = *percent](std::int64_t i) {
    return std::pair(i % 100 < share ? 0 : scatter(i) % keys, i);
  });
  const auto right = context.range(0, 4 * keys, 1, 2).map([](std::int64_t i) {
    return std::pair(i / 4, scatter(i));
  });
  const auto sums = left.join(right, 16)
                        .map([](const auto& row) {
                          const auto& [own, other] = row.second;
                          return std::pair((own ^ other) % 100003, std::int64_t{1});
                        })
                        .reduce_by_key(std::plus<>{}, 2);
  std::int64_t rows = 0;
  std::uint64_t checksum = 0;
  for (const auto& [key, count] : sums.collect()) {
    rows += count;
    checksum += static_cast<std::uint64_t>(key) * static_cast<std::uint64_t>(count);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << "rows=" << rows << " checksum=" << checksum << " seconds=" << took.count() << '\n';
  return 0;
}
VOLLEY_APPLICATION(skewed_join)
