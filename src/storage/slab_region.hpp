#pragma once
// SlabRegion: who owns which of a row of slabs. It lies in memory shared between processes, as does
// the table of owners, and works on them without locks, so that a process may die at any step.

#include <atomic>
#include <cstdint>
#include <optional>

namespace volley::storage {

using Cell = std::atomic<std::uint64_t>;
static_assert(Cell::is_always_lock_free && sizeof(Cell) == sizeof(std::uint64_t));

/// Every owned slab lies below `touched`. `hint` and `used` only save time: a process that dies
/// between two steps leaves them slightly wrong, and nothing that must be right depends on them.
/// All-zero bytes are a region without slabs. Slabs are counted from 0 within the region.
class SlabRegion {
 public:
  static constexpr std::uint64_t nobody = 0;

  void start(std::uint64_t slabs) { slabs_ = slabs; }
  std::uint64_t slabs() const { return slabs_; }
  /// Slabs below were handed out before; those above never.
  std::uint64_t touched() const { return touched_.load(); }
  /// About how many slabs are owned.
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

  /// The first of `count` consecutive slabs of the region, now owned by `owner`. `table`: the cells
  /// of this region.
  std::optional<std::uint64_t> allocate(Cell* table, std::uint64_t owner, std::uint64_t count);
  /// The caller has made the slab's cell `nobody`.
  void released(std::uint64_t slab);

  /// Takes all of [first, first + count) or nothing; returns how many were free before a foreign
  /// one.
  static std::uint64_t claim(Cell* table, std::uint64_t first, std::uint64_t count,
                             std::uint64_t owner);

 private:
  std::optional<std::uint64_t> allocate_touched(Cell* table, std::uint64_t owner,
                                                std::uint64_t count, bool thorough);
  std::optional<std::uint64_t> allocate_fresh(Cell* table, std::uint64_t owner,
                                              std::uint64_t count);

  std::uint64_t slabs_;
  alignas(64) Cell touched_;
  alignas(64) Cell hint_;  ///< where the next scan starts
  alignas(64) Cell used_;
};

}  // namespace volley::storage
