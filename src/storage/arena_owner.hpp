#pragma once
// Owner numbers of arena slabs. A container owns what its tasks are writing; its rank owns what the
// shuffle service keeps. The numbers follow from the ids alone, so that the rank can take over and
// clean up without asking the container. They are unique among what lives at one time on a node.
//
//   rank + 1: 18 bits | application: 20 bits | application attempt: 4 bits | container: 22 bits

#include "base/check.hpp"
#include "base/ids.hpp"
#include "storage/node_arena.hpp"

#include <cstdint>

namespace volley::storage {

/// The owner for what a rank itself holds.
inline NodeArena::Owner rank_owner(base::Rank rank) {
  VOLLEY_CHECK(rank >= 0 && rank < (1 << 18) - 1, "rank={}", rank);
  return static_cast<NodeArena::Owner>(rank + 1) << 46U;
}

/// The owner for what a container's process on `rank` is writing.
inline NodeArena::Owner container_owner(base::Rank rank, const base::ContainerId& container) {
  const std::uint64_t number = container.number & ((1ULL << 22U) - 1);
  VOLLEY_CHECK(number != 0, "container={}", base::to_string(container));
  return rank_owner(rank) | (container.application.number & ((1ULL << 20U) - 1)) << 26U |
         (container.attempt & 0xfULL) << 22U | number;
}

}  // namespace volley::storage
