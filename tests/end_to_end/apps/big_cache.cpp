// big_cache MEBIBYTES LEVEL: persists so much data, numbers and texts, and reads it three times.
// Prints what it found. LEVEL: memory_only, memory_and_disk, memory_and_disk_ser or disk_only.

#include <volley/volley.hpp>

#include <functional>
#include <iostream>
#include <string>

namespace {

volley::StorageLevel level_of(const std::string& name) {
  if (name == "memory_and_disk") return volley::StorageLevel::memory_and_disk;
  if (name == "memory_and_disk_ser") return volley::StorageLevel::memory_and_disk_ser;
  if (name == "disk_only") return volley::StorageLevel::disk_only;
  return volley::StorageLevel::memory_only;
}

int big_cache(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 2) return 2;
  constexpr std::uint32_t parts = 24;
  const std::int64_t numbers_count = (std::stoll(args[0]) << 20U) / 2 / 8;
  const std::int64_t texts_count = (std::stoll(args[0]) << 20U) / 2 / 100;
  auto numbers =
      context.range(0, numbers_count, 1, parts).map([](std::int64_t i) { return i * 0x9e3779b9; });
  auto texts = context.range(0, texts_count, 1, parts).map([](std::int64_t i) {
    return std::string(60, static_cast<char>('a' + i % 26)) + std::to_string(i);
  });
  numbers.persist(level_of(args[1]));
  texts.persist(level_of(args[1]));
  for (int round = 0; round < 3; ++round) {
    const auto mixed = numbers.reduce([](std::int64_t a, std::int64_t b) { return a ^ b; });
    const auto bytes =
        texts.map([](const std::string& text) { return static_cast<std::int64_t>(text.size()); })
            .reduce(std::plus<>{});
    std::cout << "found " << mixed << ' ' << bytes << std::endl;
  }
  return 0;
}

}  // namespace

VOLLEY_APPLICATION(big_cache)
