#pragma once
// The records that `volley bench shuffle` moves, the same ones with Volley and with MPI: pairs of
// 64-bit numbers whose key says where they go, made so fast that making them is a small part of the
// time, and a checksum that does not depend on their order.

#include <cstdint>
#include <utility>

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
