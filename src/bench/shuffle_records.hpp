#pragma once
// The records that `volley bench shuffle` moves, the same ones with Volley and with MPI: pairs of
// 64-bit numbers whose key says where they go, made so fast that making them is a small part of the
// time, and a checksum that does not depend on their order.

#include "bench/pattern.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace volley::bench {

using ShuffleRecord = std::pair<std::uint64_t, std::uint64_t>;
static_assert(sizeof(ShuffleRecord) == 16);

/// Keys have 63 bits.
inline constexpr std::uint64_t shuffle_key_bits = ~std::uint64_t{0} >> 1U;

/// Record `index` of all.
inline ShuffleRecord shuffle_record(std::uint64_t index, std::uint64_t seed) {
  std::uint64_t x = (index + seed) * 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 32U)) * 0xd6e8feb86659fd93U;
  x ^= x >> 32U;
  return {x & shuffle_key_bits, index};
}

/// Where the record with this key goes: by the key's upper bits.
inline std::uint32_t shuffle_target(std::uint64_t key, std::uint32_t targets) {
  return static_cast<std::uint32_t>(((key >> 32U) * targets) >> 31U);
}

/// Gives the keys of one sender's records the receivers of a pattern, each as often as the pattern
/// says; a uniform one leaves them as they are.
class TargetChoice {
 public:
  TargetChoice(const Pattern& pattern, std::uint32_t from, std::uint32_t targets)
      : targets_(targets) {
    constexpr std::uint64_t mean = std::uint64_t{1} << 31U;
    std::vector<std::uint64_t> shares;
    for (std::uint32_t to = 0; to < targets; ++to) shares.push_back(pattern.bytes(from, to, mean));
    if (std::all_of(shares.begin(), shares.end(), [](auto share) { return share == mean; })) return;
    std::uint64_t all = 0;
    for (const std::uint64_t share : shares) all += share;
    std::uint64_t reached = 0;
    for (const std::uint64_t share : shares) {
      reached += share;
      const auto part = static_cast<double>(reached) / static_cast<double>(all);
      ends_.push_back(static_cast<std::uint64_t>(part * static_cast<double>(key_range)));
    }
    // No rounding leaves a key without a target, or gives one to who gets nothing.
    const auto last = std::find_if(shares.rbegin(), shares.rend(), [](auto s) { return s != 0; });
    std::fill(ends_.end() - (last - shares.rbegin()) - 1, ends_.end(), key_range);
  }

  std::uint64_t key(std::uint64_t random) const {
    if (ends_.empty()) return random;
    const std::uint64_t upper = random >> 32U;
    const auto to = static_cast<std::uint64_t>(std::upper_bound(ends_.begin(), ends_.end(), upper) -
                                               ends_.begin());
    const std::uint64_t first = (to * key_range + targets_ - 1) / targets_;
    return first << 32U | (random & 0xffffffffU);
  }

 private:
  static constexpr std::uint64_t key_range = std::uint64_t{1} << 31U;  ///< of a key's upper bits

  std::uint32_t targets_;
  std::vector<std::uint64_t> ends_;  ///< of the upper bits of each target's keys
};

/// A record's part of the checksum, which is the sum of all. One number, so that a loop over
/// records waits for one addition per record, not for a structure in memory.
inline std::uint64_t checksum(const ShuffleRecord& record) {
  return (record.first ^ (record.second << 1U)) * 0x9e3779b97f4a7c15U + 1;
}

/// Records [share_begin(i), share_begin(i + 1)) are share i's.
inline std::uint64_t share_begin(std::uint64_t records, std::uint64_t share, std::uint64_t shares) {
  return records / shares * share + records % shares * share / shares;
}

}  // namespace volley::bench
