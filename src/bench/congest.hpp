#pragma once
// Who suffers and who attacks in `volley bench congest`. Pure.

#include <cstdint>

namespace volley::bench {

/// `victims` of the ranks, rank 0 among them, spread evenly so that every node has both sides.
bool is_victim(std::uint32_t rank, std::uint32_t ranks, std::uint32_t victims);
/// The lowest rank that is none; there is one when victims < ranks.
int first_aggressor(std::uint32_t ranks, std::uint32_t victims);

}  // namespace volley::bench
