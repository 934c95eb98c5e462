#include "program/radix_sort.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace volley::program {
namespace {

constexpr std::size_t digits = 8;
constexpr std::size_t values = 256;
/// Below this many entries a comparison sort is faster.
constexpr std::size_t few = 2048;

using Counts = std::array<std::array<std::size_t, values>, digits>;

std::size_t digit_of(std::uint64_t prefix, std::size_t digit) {
  return (prefix >> (8 * digit)) & (values - 1);
}

}  // namespace

void SortEntries::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  TableMemory larger(capacity * sizeof(SortEntry));
  if (size_ != 0) std::memcpy(larger.data(), memory_.data(), size_ * sizeof(SortEntry));
  memory_ = std::move(larger);
  capacity_ = capacity;
}

void sort_by_prefix(std::span<SortEntry> entries) {
  if (entries.size() < few) {
    std::stable_sort(entries.begin(), entries.end(),
                     [](const SortEntry& a, const SortEntry& b) { return a.prefix < b.prefix; });
    return;
  }
  Counts counts{};
  for (const SortEntry& entry : entries) {
    for (std::size_t digit = 0; digit < digits; ++digit) {
      ++counts[digit][digit_of(entry.prefix, digit)];
    }
  }
  const TableMemory memory(entries.size_bytes());
  SortEntry* from = entries.data();
  auto* to = static_cast<SortEntry*>(memory.data());
  for (std::size_t digit = 0; digit < digits; ++digit) {
    auto& starts = counts[digit];
    if (starts[digit_of(entries.front().prefix, digit)] == entries.size()) continue;
    std::size_t next = 0;
    for (std::size_t& start : starts) next += std::exchange(start, next);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      to[starts[digit_of(from[i].prefix, digit)]++] = from[i];
    }
    std::swap(from, to);
  }
  if (from != entries.data()) std::memcpy(entries.data(), from, entries.size_bytes());
}

}  // namespace volley::program
