#include "bench/contents.hpp"

#include <algorithm>
#include <cstring>

namespace volley::bench {
namespace {

/// The finalizer of SplitMix64.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

std::uint64_t start_of(const ContentKey& key) {
  const std::uint64_t pair = (std::uint64_t{key.from} << 32U) | key.to;
  return mix(mix(mix(key.seed + golden) ^ pair) + key.iteration);
}

/// Calls visit(position, length, word) for every word of a block, the last one perhaps in part.
template <class Visit>
void each_word(std::uint64_t bytes, const ContentKey& key, Visit&& visit) {
  std::uint64_t state = start_of(key);
  for (std::uint64_t at = 0; at < bytes; at += sizeof(state)) {
    const std::uint64_t word = mix(state += golden);
    if (!visit(at, std::min<std::uint64_t>(sizeof(word), bytes - at), word)) return;
  }
}

}  // namespace

void fill(std::span<std::byte> block, const ContentKey& key) {
  each_word(block.size(), key, [&](std::uint64_t at, std::uint64_t length, std::uint64_t word) {
    std::memcpy(block.data() + at, &word, length);
    return true;
  });
}

std::optional<std::uint64_t> first_difference(std::span<const std::byte> block,
                                              const ContentKey& key) {
  std::optional<std::uint64_t> place;
  each_word(block.size(), key, [&](std::uint64_t at, std::uint64_t length, std::uint64_t word) {
    if (std::memcmp(block.data() + at, &word, length) == 0) return true;
    const auto* expected = reinterpret_cast<const std::byte*>(&word);
    place = at;
    while (block[*place] == expected[*place - at]) ++*place;
    return false;
  });
  return place;
}

}  // namespace volley::bench
