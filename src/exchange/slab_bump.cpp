#include "exchange/slab_bump.hpp"

#include "base/check.hpp"

namespace volley::exchange {

std::optional<std::uint64_t> SlabBump::allocate(std::uint64_t bytes) {
  VOLLEY_CHECK(bytes != 0, "slabs={}", slabs_.size());
  const std::uint64_t length = aligned(bytes);
  if (length <= remaining()) {
    next_ += length;
    return next_ - length;
  }
  const std::uint64_t count = (length + slab_bytes() - 1) / slab_bytes();
  const auto first = allocate_slabs(count);
  if (!first) return std::nullopt;
  for (std::uint64_t i = 0; i < count; ++i) slabs_.push_back(*first + i);
  const std::uint64_t start = arena_->offset_of(*first);
  const std::uint64_t end = start + count * slab_bytes();
  if (end - (start + length) > remaining()) {
    next_ = start + length;
    end_ = end;
  }
  return start;
}

std::optional<std::uint64_t> SlabBump::allocate_slabs(std::uint64_t count) {
  if (place_ == Place::disk) return arena_->allocate_disk(owner_, count);
  const auto first = arena_->allocate(owner_, count);
  const bool within = slabs_.empty() || (slabs_.size() + count) * slab_bytes() <= entitled_;
  if (first || entitled_ == 0 || !within) return first;
  return arena_->allocate(owner_, count, storage::NodeArena::Within::capacity);
}

bool SlabBump::extend(std::uint64_t end, std::uint64_t bytes) {
  if (end != next_ || aligned(bytes) > remaining()) return false;
  next_ += aligned(bytes);
  return true;
}

std::vector<std::uint64_t> SlabBump::take() {
  next_ = end_ = 0;
  return std::exchange(slabs_, {});
}

void SlabBump::release() {
  for (const std::uint64_t slab : take()) arena_->release(slab, owner_);
}

}  // namespace volley::exchange
