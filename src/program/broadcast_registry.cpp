#include "program/broadcast_registry.hpp"

#include "base/units.hpp"
#include "exchange/checksum.hpp"
#include "exchange/piece_stream.hpp"

#include <volley/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace volley::program {

void BroadcastRegistry::set_memory(storage::NodeArena& arena, storage::NodeArena::Owner owner,
                                   std::uint64_t piece_bytes) {
  arena_ = &arena;
  owner_ = owner;
  piece_bytes_ = std::max<std::uint64_t>(piece_bytes, 1);
}

/// In memory within the budget, on disk, or in memory beyond the budget.
std::optional<std::uint64_t> BroadcastRegistry::allocate(std::uint64_t slabs) {
  auto first = arena_->allocate(owner_, slabs);
  if (!first && arena_->disk_slabs() != 0) first = arena_->allocate_disk(owner_, slabs);
  if (!first) first = arena_->allocate(owner_, slabs, storage::NodeArena::Within::capacity);
  return first;
}

BroadcastRegistry::Made BroadcastRegistry::make(std::span<const std::byte> bytes,
                                                const std::string& where) {
  if (arena_ == nullptr) throw IllegalState("Broadcast variables need a running cluster");
  const std::uint64_t slab = arena_->slab_bytes();
  const auto first = allocate(std::max<std::uint64_t>((bytes.size() + slab - 1) / slab, 1));
  if (!first) {
    throw JobFailed(
        fmt::format("{}: there is no room for {} on the driver's node: raise volley.arena.size "
                    "or volley.spill.size",
                    where, base::format_bytes(bytes.size())));
  }
  Made made;
  protocol::BroadcastData& data = made.created.data;
  data.offset = arena_->offset_of(*first);
  data.bytes = bytes.size();
  data.piece_bytes = piece_bytes_;
  std::byte* const base = arena_->at(data.offset);
  for (std::uint64_t piece = 0; piece < exchange::pieces_of(data); ++piece) {
    const auto to = exchange::piece_of(data, base, piece);
    std::memcpy(to.data(), bytes.data() + piece * piece_bytes_, to.size());
    data.checksums.push_back(exchange::checksum_of(to));
  }
  made.checksum = exchange::checksum_of(std::as_bytes(std::span(data.checksums))) ^ data.bytes;
  const std::lock_guard lock(mutex_);
  made.created.number = next_++;
  data.name = fmt::format("Broadcast({})", made.created.number);
  entries_[made.created.number] = {
      data.name,
      where,
      {},
      std::make_shared<const BroadcastCopy>(std::span<const std::byte>(base, data.bytes))};
  return made;
}

/// With the lock held.
const BroadcastRegistry::Entry& BroadcastRegistry::living(std::uint32_t number) const {
  const auto found = entries_.find(number);
  if (found == entries_.end()) throw IllegalState(fmt::format("There is no Broadcast({})", number));
  if (!found->second.destroyed.empty()) {
    throw IllegalState(fmt::format("Attempted to use {} after it was destroyed ({})",
                                   found->second.name, found->second.destroyed));
  }
  return found->second;
}

std::shared_ptr<const BroadcastCopy> BroadcastRegistry::copy(std::uint32_t number) const {
  const std::lock_guard lock(mutex_);
  return living(number).copy;
}

protocol::BroadcastForgotten BroadcastRegistry::unpersist(std::uint32_t number) const {
  const std::lock_guard lock(mutex_);
  (void)living(number);
  return {number, {}};
}

protocol::BroadcastForgotten BroadcastRegistry::destroy(std::uint32_t number,
                                                        const std::string& where) {
  const std::lock_guard lock(mutex_);
  (void)living(number);
  Entry& entry = entries_.at(number);
  entry.destroyed = fmt::format("{}; it was made by {}", where, entry.made);
  entry.copy = nullptr;
  return {number, entry.destroyed};
}

}  // namespace volley::program
