#pragma once
// Broadcast, memory copy and shift as operations to measure.

#include "bench/buffer.hpp"
#include "bench/kernels/measure.hpp"

#include <memory>
#include <optional>

namespace volley::bench {

/// MPI_Bcast of `bytes` from `root`, in messages of at most 1 GiB.
std::unique_ptr<Operation> make_broadcast(const exchange::RankGroup& group, int root,
                                          std::uint64_t bytes, Buffer& buffer,
                                          std::optional<std::uint64_t> seed);

/// memcpy from one buffer to another, on each rank.
std::unique_ptr<Operation> make_copy(const exchange::RankGroup& group, std::uint64_t bytes,
                                     Buffer& from, Buffer& to, std::optional<std::uint64_t> seed);

/// Every rank sends `messages` messages to the rank half the group away and receives as many: what
/// a rank can inject while all others do, without an algorithm in the way.
std::unique_ptr<Operation> make_shift(const exchange::RankGroup& group, std::uint64_t bytes,
                                      std::uint32_t messages, Buffer& send, Buffer& receive);

}  // namespace volley::bench
