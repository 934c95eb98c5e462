#pragma once
// Contents for validation: every byte depends on who sends it to whom, in which iteration, and on
// its place, so that a byte in a wrong place, of a wrong sender or of an earlier iteration is
// found.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace volley::bench {

/// Names a block.
struct ContentKey {
  std::uint64_t seed = 0;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t iteration = 0;
};

void fill(std::span<std::byte> block, const ContentKey& key);
/// The place of the first byte that is not what fill() makes.
std::optional<std::uint64_t> first_difference(std::span<const std::byte> block,
                                              const ContentKey& key);

}  // namespace volley::bench
