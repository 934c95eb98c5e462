#pragma once
// SlabBump: hands out contiguous, 64-byte aligned room from slabs of the node arena, in memory or
// on disk, by moving a mark. Owns its slabs until they are taken; those that are not go back when
// it is destroyed. One thread.

#include "exchange/segment_plan.hpp"
#include "storage/node_arena.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace volley::exchange {

class SlabBump {
 public:
  enum class Place { memory, disk };

  /// `entitled`: bytes of memory that it may have even when the arena's budget is used up; when not
  /// 0, its first room may be of any size.
  SlabBump(storage::NodeArena& arena, storage::NodeArena::Owner owner, Place place = Place::memory,
           std::uint64_t entitled = 0)
      : arena_(&arena), owner_(owner), place_(place), entitled_(entitled) {}
  ~SlabBump() { release(); }
  SlabBump(const SlabBump&) = delete;
  SlabBump& operator=(const SlabBump&) = delete;

  /// Offset of `bytes` (> 0) of room: what is left of the current slab when that is enough, else
  /// new slabs, consecutive ones when one is too small. Nothing when there are none.
  std::optional<std::uint64_t> allocate(std::uint64_t bytes);
  /// Makes the last room longer in place, if it ends at `end`; false when there is no space.
  bool extend(std::uint64_t end, std::uint64_t bytes);
  /// What is left of the current slab.
  std::uint64_t remaining() const { return end_ - next_; }
  std::uint64_t slab_bytes() const { return arena_->slab_bytes(); }

  bool empty() const { return slabs_.empty(); }
  /// The slabs, which are the caller's now; the next room comes from a new one.
  std::vector<std::uint64_t> take();
  void release();

 private:
  std::optional<std::uint64_t> allocate_slabs(std::uint64_t count);

  storage::NodeArena* arena_;
  storage::NodeArena::Owner owner_;
  Place place_;
  std::uint64_t entitled_;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  std::vector<std::uint64_t> slabs_;
};

}  // namespace volley::exchange
