#include "program/broadcast_table.hpp"

#include "exchange/checksum.hpp"
#include "exchange/piece_stream.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace volley::program {
namespace {

/// Of a copy that came back from the scratch disk.
void check_pieces(const storage::NodeArena& arena, const protocol::BroadcastData& data) {
  std::byte* const base = arena.at(data.offset);
  for (std::uint64_t piece = 0; piece < exchange::pieces_of(data); ++piece) {
    if (exchange::checksum_of(exchange::piece_of(data, base, piece)) == data.checksums.at(piece)) {
      continue;
    }
    throw std::runtime_error(
        fmt::format("{} came back damaged from the scratch disk (in volley.local.dir): piece {} "
                    "of {} has another checksum",
                    data.name, piece, exchange::pieces_of(data)));
  }
}

}  // namespace

BroadcastTable::~BroadcastTable() { shut_down(); }

std::shared_ptr<const BroadcastCopy> BroadcastTable::get(std::uint32_t number,
                                                         const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  Entry& entry = entries_[number];  // stays where it is while somebody waits
  if (entry.copy) return entry.copy;
  ++entry.waiting;
  while (!entry.copy && entry.error.empty() && !over_ && !stop) {
    if (std::exchange(entry.asked, true)) {
      changed_.wait(lock);
      continue;
    }
    lock.unlock();
    hooks_.ask(number);
    lock.lock();
  }
  --entry.waiting;
  std::shared_ptr<const BroadcastCopy> copy = entry.copy;
  const std::string error = entry.error;
  const bool answered = copy != nullptr || !error.empty();
  // An error is for those who waited for it; who comes later asks again.
  if (entry.waiting == 0 && !entry.copy && answered) entries_.erase(number);
  lock.unlock();
  if (!copy && !error.empty()) throw std::runtime_error(error);
  return copy;
}

std::shared_ptr<const BroadcastCopy> BroadcastTable::make_copy(
    const protocol::BroadcastLocated& message, base::Rank holder) {
  const protocol::BroadcastData& data = message.data;
  std::function<void()> check;
  if (arena_.on_disk(data.offset)) check = [this, data] { check_pieces(arena_, data); };
  const std::uint32_t number = message.broadcast.number;
  return std::make_shared<const BroadcastCopy>(
      std::span<const std::byte>(arena_.at(data.offset), data.bytes), std::move(check),
      [this, number, holder] { note_gone(number, holder); });
}

void BroadcastTable::note_gone(std::uint32_t number, base::Rank holder) {
  if (!over_) hooks_.let_go(number, holder);
}

void BroadcastTable::located(const protocol::BroadcastLocated& message, base::Rank holder) {
  const std::uint32_t number = message.broadcast.number;
  auto copy = message.error.empty() ? make_copy(message, holder) : nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(number);
    if (found != entries_.end() && !found->second.copy) {
      Entry& entry = found->second;
      entry.asked = false;
      if (entry.waiting == 0 && !copy) {
        entries_.erase(found);
      } else {
        entry.copy = std::move(copy);
        entry.error = message.error;
      }
    }
  }
  changed_.notify_all();
}

void BroadcastTable::release(std::uint32_t number) {
  std::shared_ptr<const BroadcastCopy> gone;
  const std::lock_guard lock(mutex_);
  changed_.notify_all();  // who has not seen it yet asks again
  const auto found = entries_.find(number);
  if (found == entries_.end() || !found->second.copy) return;
  gone = std::move(found->second.copy);
  found->second.copy = nullptr;
  if (found->second.waiting == 0) entries_.erase(found);
}

void BroadcastTable::wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void BroadcastTable::shut_down() {
  over_ = true;
  wake();
}

}  // namespace volley::program
