#include "storage/disk_pieces.hpp"

#include "base/check.hpp"

#include <iterator>

namespace volley::storage {
namespace {

constexpr std::uint64_t alignment = 64;

}  // namespace

DiskPieces::~DiskPieces() {
  while (!runs_.empty()) drop(runs_.begin());
}

void DiskPieces::drop(std::map<std::uint64_t, Run>::iterator run) {
  const std::uint64_t first = run->first / arena_.slab_bytes();
  for (std::uint64_t i = 0; i < run->second.slabs; ++i) arena_.release(first + i, owner_);
  runs_.erase(run);
}

/// With the lock held: room in the open run, or in a new one.
std::optional<std::uint64_t> DiskPieces::place(std::uint64_t bytes) {
  if (bytes > open_end_ - open_) {
    if (arena_.disk_slabs() == 0) return std::nullopt;
    const std::uint64_t slab = arena_.slab_bytes();
    const std::uint64_t slabs = (bytes + slab - 1) / slab;
    const auto first = arena_.allocate_disk(owner_, slabs);
    if (!first) return std::nullopt;
    open_ = arena_.offset_of(*first);
    open_end_ = open_ + slabs * slab;
    runs_[open_] = {slabs, 0};
  }
  const std::uint64_t offset = open_;
  open_ += (bytes + alignment - 1) / alignment * alignment;
  if (open_ > open_end_) open_ = open_end_;
  ++std::prev(runs_.upper_bound(offset))->second.pieces;
  return offset;
}

std::optional<DiskPieces::Piece> DiskPieces::write(std::span<const std::byte> data) {
  std::optional<std::uint64_t> offset;
  {
    const std::lock_guard lock(mutex_);
    offset = place(data.size());
  }
  if (!offset) return std::nullopt;
  const Piece piece{*offset, data.size()};
  const std::span<const std::byte> all[] = {data};
  if (arena_.write_disk(*offset, all)) return piece;
  remove(piece);
  return std::nullopt;
}

void DiskPieces::remove(const Piece& piece) {
  const std::lock_guard lock(mutex_);
  const auto after = runs_.upper_bound(piece.offset);
  VOLLEY_CHECK(after != runs_.begin(), "no piece at {}", piece.offset);
  const auto run = std::prev(after);
  VOLLEY_CHECK(run->second.pieces != 0, "no piece at {}", piece.offset);
  if (--run->second.pieces != 0) return;
  const std::uint64_t end = run->first + run->second.slabs * arena_.slab_bytes();
  if (end == open_end_) open_ = open_end_ = 0;
  drop(run);
}

}  // namespace volley::storage
