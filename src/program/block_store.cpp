#include "program/block_store.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace volley::program {

using protocol::BlockId;
namespace {

bool copy_pieces(const EncodedBlock& from, EncodedBlock& to) {
  try {
    for (std::size_t i = 0; i < from.pieces(); ++i) {
      if (!to.add_on_disk(from.piece(i))) return false;
    }
  } catch (const std::runtime_error&) {
    return false;  // damaged: whoever reads it next makes it again
  }
  return true;
}

bool encode_row(const void* row, const BlockCodec& codec, EncodedBlock& to) {
  protocol::Bytes piece;
  const std::size_t size = codec.size(row);
  for (std::size_t at = 0; at < size;) {
    piece.clear();
    at = codec.encode(row, at, EncodedBlock::piece_bytes, piece);
    if (!to.add_on_disk(piece)) return false;
  }
  return true;
}

}  // namespace

std::uint64_t BlockStore::Entry::memory_bytes() const {
  return block.row ? row_bytes : block.encoded->memory_bytes();
}

/// With the lock held nobody can become a reader.
bool BlockStore::Entry::being_read() const {
  return block.row ? block.row.use_count() > 1 : block.encoded.use_count() > 1;
}

std::optional<Block> BlockStore::get(BlockId id) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(id);
  if (found == blocks_.end()) return std::nullopt;
  order_.splice(order_.end(), order_, found->second.used);
  return found->second.block;
}

bool BlockStore::has(BlockId id) const {
  const std::lock_guard lock(mutex_);
  return blocks_.contains(id);
}

std::optional<BlockForm> BlockStore::form(BlockId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(id);
  if (found == blocks_.end()) return std::nullopt;
  return found->second.form;
}

Block BlockStore::put(BlockId id, Block block, std::uint64_t bytes, const BlockForm& form) {
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = blocks_.try_emplace(id);
  if (!fresh) return at->second.block;
  at->second.block = std::move(block);
  at->second.row_bytes = bytes;
  at->second.form = form;
  at->second.used = order_.insert(order_.end(), id);
  std::erase(evicted_, id);
  return at->second.block;
}

/// With the lock held; the caller lets the block go without it.
Block BlockStore::erase(std::map<BlockId, Entry>::iterator entry) {
  order_.erase(entry->second.used);
  Block block = std::move(entry->second.block);
  blocks_.erase(entry);
  return block;
}

void BlockStore::remove(base::RddId rdd) {
  std::vector<Block> gone;
  const std::lock_guard lock(mutex_);
  for (auto at = blocks_.lower_bound({rdd, 0}); at != blocks_.end() && at->first.rdd == rdd;) {
    gone.push_back(erase(at++));
  }
}

void BlockStore::remove(BlockId id) {
  Block gone;
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(id);
  if (found == blocks_.end()) return;
  gone = erase(found);
  evicted_.push_back(id);
}

std::size_t BlockStore::size() const {
  const std::lock_guard lock(mutex_);
  return blocks_.size();
}

bool BlockStore::reserve(storage::StorageReservation& reservation, std::uint64_t bytes,
                         base::RddId rdd) {
  while (!reservation.reach(bytes)) {
    const std::uint64_t more = bytes - reservation.bytes();
    if (more > memory_->storage_limit()) return false;
    const std::uint64_t available = memory_->free();
    if (available < more && !evict(more - available, rdd, true)) return false;
  }
  return true;
}

/// Whether enough was found, or anything when that will do. What was found is marked.
bool BlockStore::choose(std::uint64_t bytes, std::optional<base::RddId> keep, bool all_or_nothing,
                        std::vector<Victim>& victims) {
  const std::lock_guard lock(mutex_);
  std::uint64_t found = 0;
  std::vector<Entry*> entries;
  for (const BlockId& id : order_) {
    if (found >= bytes) break;
    Entry& entry = blocks_.at(id);
    if (id.rdd == keep || entry.leaving || entry.memory_bytes() == 0 || entry.being_read())
      continue;
    found += entry.memory_bytes();
    entries.push_back(&entry);
    victims.push_back({id, {}, entry.form});
  }
  if (all_or_nothing && found < bytes) {
    victims.clear();
    return false;
  }
  for (std::size_t i = 0; i < victims.size(); ++i) {
    entries[i]->leaving = true;
    victims[i].block = entries[i]->block;
  }
  return !victims.empty();
}

/// Null when it is to be dropped.
std::shared_ptr<const EncodedBlock> BlockStore::write_to_disk(const Victim& victim) const {
  if (!victim.form.level.disk || disk_ == nullptr || victim.form.codec == nullptr) return nullptr;
  auto written = make_encoded();
  const Block& block = victim.block;
  const bool done = block.encoded ? copy_pieces(*block.encoded, *written)
                                  : encode_row(block.row.get(), *victim.form.codec, *written);
  return done ? std::move(written) : nullptr;
}

/// Puts the copy on disk in the block's place, or takes it out. Returns what may go now.
Block BlockStore::settle(Victim& victim, std::shared_ptr<const EncodedBlock> on_disk) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(victim.id);
  const bool same = found != blocks_.end() && found->second.block.row == victim.block.row &&
                    found->second.block.encoded == victim.block.encoded;
  victim.block = {};
  if (!same) return {};
  Entry& entry = found->second;
  entry.leaving = false;
  if (on_disk) {
    moved_bytes_ += on_disk->disk_bytes();
    entry.row_bytes = 0;
    return std::exchange(entry.block, Block{nullptr, std::move(on_disk)});
  }
  if (entry.being_read()) return {};  // somebody came meanwhile
  evicted_.push_back(victim.id);
  return erase(found);
}

bool BlockStore::evict(std::uint64_t bytes, std::optional<base::RddId> keep, bool all_or_nothing) {
  std::vector<Victim> victims;
  if (!choose(bytes, keep, all_or_nothing, victims)) return false;
  for (Victim& victim : victims) {
    auto on_disk = write_to_disk(victim);
    // Its memory is given back here, or by its last reader.
    const Block gone = settle(victim, std::move(on_disk));
  }
  return true;
}

std::vector<BlockId> BlockStore::take_evicted() {
  const std::lock_guard lock(mutex_);
  return std::exchange(evicted_, {});
}

std::uint64_t BlockStore::take_moved_bytes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(moved_bytes_, 0);
}

}  // namespace volley::program
