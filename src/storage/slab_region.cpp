#include "storage/slab_region.hpp"

#include <algorithm>

namespace volley::storage {
namespace {

void raise_to(Cell& cell, std::uint64_t value) {
  std::uint64_t seen = cell.load();
  while (seen < value && !cell.compare_exchange_weak(seen, value)) {
  }
}

/// Claims the first run of `count` free slabs that begins in [begin, end) and ends before `limit`.
std::optional<std::uint64_t> claim_in(Cell* table, std::uint64_t begin, std::uint64_t end,
                                      std::uint64_t limit, std::uint64_t count,
                                      std::uint64_t owner) {
  std::uint64_t free_run = 0;
  for (std::uint64_t slab = begin; slab < limit && slab - free_run < end; ++slab) {
    if (table[slab].load(std::memory_order_relaxed) != SlabRegion::nobody) {
      free_run = 0;
      continue;
    }
    if (++free_run < count) continue;
    const std::uint64_t first = slab + 1 - count;
    const std::uint64_t taken = SlabRegion::claim(table, first, count, owner);
    if (taken == count) return first;
    free_run = slab - (first + taken);  // somebody took the slab first + taken
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t SlabRegion::claim(Cell* table, std::uint64_t first, std::uint64_t count,
                                std::uint64_t owner) {
  for (std::uint64_t taken = 0; taken < count; ++taken) {
    std::uint64_t expected = nobody;
    if (table[first + taken].compare_exchange_strong(expected, owner)) continue;
    for (std::uint64_t back = 0; back < taken; ++back) table[first + back].store(nobody);
    return taken;
  }
  return count;
}

std::optional<std::uint64_t> SlabRegion::allocate(Cell* table, std::uint64_t owner,
                                                  std::uint64_t count) {
  if (count > slabs_) return std::nullopt;
  auto first = allocate_touched(table, owner, count, false);
  if (!first) first = allocate_fresh(table, owner, count);
  if (!first) first = allocate_touched(table, owner, count, true);
  if (!first) return std::nullopt;
  used_.fetch_add(count, std::memory_order_relaxed);
  hint_.store(*first + count, std::memory_order_relaxed);
  return first;
}

/// Recycled slabs. Unless `thorough`, looks only where the counter promises something.
std::optional<std::uint64_t> SlabRegion::allocate_touched(Cell* table, std::uint64_t owner,
                                                          std::uint64_t count, bool thorough) {
  const std::uint64_t end = touched_.load();
  const std::uint64_t used = used_.load(std::memory_order_relaxed);
  if (!thorough && (used >= end || end - used < count)) return std::nullopt;
  const std::uint64_t hint = std::min(hint_.load(std::memory_order_relaxed), end);
  const auto found = claim_in(table, hint, end, end, count, owner);
  return found ? found : claim_in(table, 0, hint, end, count, owner);
}

/// Slabs that nobody has had so far: moves the mark first, so that what is owned lies below it.
std::optional<std::uint64_t> SlabRegion::allocate_fresh(Cell* table, std::uint64_t owner,
                                                        std::uint64_t count) {
  std::uint64_t first = touched_.load();
  while (first + count <= slabs_) {
    if (!touched_.compare_exchange_weak(first, first + count)) continue;
    if (claim(table, first, count, owner) == count) return first;
    first = touched_.load();  // a scan was faster than we with some of them
  }
  raise_to(touched_, slabs_);  // the few that are left join the recycled ones
  return std::nullopt;
}

void SlabRegion::released(std::uint64_t slab) {
  used_.fetch_sub(1, std::memory_order_relaxed);
  hint_.store(slab, std::memory_order_relaxed);
}

}  // namespace volley::storage
