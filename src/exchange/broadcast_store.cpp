#include "exchange/broadcast_store.hpp"

#include "base/check.hpp"
#include "base/units.hpp"
#include "exchange/checksum.hpp"
#include "storage/arena_owner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace volley::exchange {

using protocol::Address;
using protocol::BroadcastId;
using protocol::Outbox;
using protocol::Role;

namespace {

/// After so many damaged arrivals who waits is told; the rank goes on, since others wait for it.
constexpr std::uint32_t patience = 3;

Address service_of(base::Rank rank) { return protocol::at_rank(Role::shuffle_service, rank); }

}  // namespace

std::uint64_t BroadcastStore::slabs_of(const Copy& copy) const {
  const std::uint64_t slab = site_.arena.slab_bytes();
  return std::max<std::uint64_t>((copy.data.bytes + slab - 1) / slab, 1);
}

/// Why a broadcast cannot be had here, where its origin is.
std::string BroadcastStore::why_not(const BroadcastId& id) const {
  const auto at = copies_.find(id);
  if (at != copies_.end() && !at->second.destroyed.empty()) {
    return fmt::format("Attempted to use {} after it was destroyed ({})", at->second.data.name,
                       at->second.destroyed);
  }
  const auto mark = destroyed_.find(id);
  return mark != destroyed_.end() ? mark->second : "the driver's rank does not know it";
}

/// The rank that keeps the copy of this rank's node.
base::Rank BroadcastStore::keeper(base::Rank origin) const {
  const auto node_of = [&](base::Rank rank) {
    return site_.nodes.at(static_cast<std::size_t>(rank));
  };
  if (node_of(origin) == node_of(site_.self)) return origin;
  base::Rank rank = 0;
  while (node_of(rank) != node_of(site_.self) || site_.lost.contains(rank)) ++rank;
  return rank;
}

void BroadcastStore::on(const protocol::BroadcastWritten& message, const Address& from, Outbox&) {
  Copy copy;
  copy.origin = site_.self;
  copy.data = message.data;
  const std::uint64_t first = message.data.offset / site_.arena.slab_bytes();
  const std::uint64_t count = slabs_of(copy);
  bool owned = from.rank == site_.self && from.container.number != 0 &&
               !copies_.contains(message.broadcast) && first + count <= site_.arena.all_slabs();
  for (std::uint64_t i = 0; owned && i < count; ++i) {
    owned = site_.arena.owner(first + i) == storage::container_owner(site_.self, from.container);
  }
  if (!owned) {  // the container has ended meanwhile
    ++dropped_;
    return;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    site_.arena.transfer(first + i, storage::container_owner(site_.self, from.container),
                         storage::rank_owner(site_.self));
  }
  copy.state = State::complete;
  copy.placed = true;
  copy.arrived = pieces_of(copy.data);
  copy.tree.emplace(site_.self);
  copies_.emplace(message.broadcast, std::move(copy));
}

void BroadcastStore::on(const protocol::BroadcastWanted& message, const Address& from,
                        Outbox& outbox) {
  // One that comes from another rank was sent here by it.
  const base::Rank where = from.rank == site_.self ? keeper(message.origin) : site_.self;
  if (where != site_.self) {
    sent_elsewhere_[from.container].insert(where);
    outbox.send(from, protocol::BroadcastLocated{message.broadcast, where, {}, {}});
    return;
  }
  auto at = copies_.find(message.broadcast);
  if (at == copies_.end() && message.origin == site_.self) {
    outbox.send(from, protocol::BroadcastLocated{
                          message.broadcast, base::no_rank, why_not(message.broadcast), {}});
    return;
  }
  if (at == copies_.end()) {
    at = copies_.emplace(message.broadcast, Copy{}).first;
    at->second.origin = message.origin;
    join(at->first, at->second, false, outbox);
  }
  Copy& copy = at->second;
  if (!copy.destroyed.empty()) {
    const std::string error = why_not(message.broadcast);
    outbox.send(from, protocol::BroadcastLocated{message.broadcast, base::no_rank, error, {}});
    return;
  }
  copy.removed = false;  // it is wanted again
  if (copy.state == State::complete) {
    locate(at->first, copy, from, outbox);
  } else {
    copy.waiting.push_back(from);
  }
}

void BroadcastStore::locate(const BroadcastId& id, Copy& copy, const Address& reader,
                            Outbox& outbox) {
  ++copy.readers[reader];
  outbox.send(reader, protocol::BroadcastLocated{id, base::no_rank, {}, copy.data});
}

void BroadcastStore::on(const protocol::BroadcastReleased& message, const Address& from,
                        Outbox& outbox) {
  const auto at = copies_.find(message.broadcast);
  const bool known = at != copies_.end() && at->second.readers.contains(from);
  if (!known) {
    ++dropped_;
    return;
  }
  auto& readers = at->second.readers;
  if (--readers.at(from) == 0) readers.erase(from);
  (void)free_if_unused(at, outbox);
}

void BroadcastStore::join(const BroadcastId& id, Copy& copy, bool direct, Outbox& outbox) {
  copy.state = State::joining;
  outbox.send(service_of(copy.origin), protocol::BroadcastJoined{id, direct});
}

void BroadcastStore::on(const protocol::BroadcastJoined& message, const Address& from,
                        Outbox& outbox) {
  const auto at = copies_.find(message.broadcast);
  protocol::BroadcastParentNamed answer{message.broadcast, base::no_rank, {}, {}};
  if (at == copies_.end() || !at->second.tree || site_.lost.contains(from.rank)) {
    answer.error = why_not(message.broadcast);
  } else if (Copy& copy = at->second; !copy.destroyed.empty() && !message.direct) {
    answer.error = why_not(message.broadcast);
  } else {
    answer.parent = message.direct ? site_.self : copy.tree->join(from.rank, site_.lost);
    answer.data = copy.data;
    if (!message.direct) ++copy.readers[from];
  }
  outbox.send(from, std::move(answer));
}

/// Finds room for it: in memory within the budget, on disk, or in memory beyond it.
bool BroadcastStore::place(Copy& copy) {
  const auto owner = storage::rank_owner(site_.self);
  const std::uint64_t count = slabs_of(copy);
  auto first = site_.arena.allocate(owner, count);
  if (!first && site_.arena.disk_slabs() != 0) first = site_.arena.allocate_disk(owner, count);
  if (!first) first = site_.arena.allocate(owner, count, storage::NodeArena::Within::capacity);
  if (!first) return false;
  copy.data.offset = site_.arena.offset_of(*first);
  copy.placed = true;
  return true;
}

void BroadcastStore::on(const protocol::BroadcastParentNamed& message, const Address& from,
                        Outbox& outbox) {
  const auto at = copies_.find(message.broadcast);
  const bool expected = at != copies_.end() && at->second.state == State::joining &&
                        from == service_of(at->second.origin);
  if (!expected) {
    ++dropped_;
    return;
  }
  Copy& copy = at->second;
  if (!message.error.empty()) {
    refuse(at->first, copy, message.error, outbox);
    forget_parent(copy);
    copies_.erase(at);
    return;
  }
  if (!copy.placed) {
    copy.data = message.data;
    if (!place(copy)) {
      refuse(at->first, copy,
             fmt::format("there is no room for the {} of {} on this node: raise "
                         "volley.arena.size or volley.spill.size",
                         base::format_bytes(copy.data.bytes), copy.data.name),
             outbox);
      outbox.send(service_of(copy.origin), protocol::BroadcastReleased{at->first});
      copies_.erase(at);
      return;
    }
    for (const Pull& pull : std::exchange(copy.pulls, {})) serve(at->first, copy, pull, outbox);
  }
  if (copy.arrived == pieces_of(copy.data)) {
    complete(at->first, copy, outbox);
    (void)free_if_unused(at, outbox);
    return;
  }
  // It may have died since the origin named it.
  copy.parent = site_.lost.contains(message.parent) ? copy.origin : message.parent;
  copy.state = State::pulling;
  outbox.send(service_of(copy.parent), protocol::BroadcastPullRequested{at->first, copy.arrived});
}

void BroadcastStore::refuse(const BroadcastId& id, Copy& copy, const std::string& error,
                            Outbox& outbox) {
  for (const Address& reader : std::exchange(copy.waiting, {})) {
    outbox.send(reader, protocol::BroadcastLocated{id, base::no_rank, error, {}});
  }
  for (const Pull& pull : std::exchange(copy.pulls, {})) {
    outbox.send(pull.child, protocol::BroadcastOffered{id, false, 0});
  }
}

void BroadcastStore::on(const protocol::BroadcastPullRequested& message, const Address& from,
                        Outbox& outbox) {
  const auto at = copies_.find(message.broadcast);
  const Pull pull{from, message.first_piece};
  if (site_.lost.contains(from.rank)) {
    ++dropped_;
  } else if (at == copies_.end() || (at->second.state == State::complete && !at->second.placed)) {
    outbox.send(from, protocol::BroadcastOffered{message.broadcast, false, 0});
  } else if (!at->second.placed) {
    at->second.pulls.push_back(pull);
  } else {
    serve(at->first, at->second, pull, outbox);
  }
}

void BroadcastStore::serve(const BroadcastId& id, Copy& copy, const Pull& pull, Outbox& outbox) {
  const std::uint32_t tag = next_tag_();
  copy.sends.emplace_back(pull.child.rank, tag, pull.first_piece);
  outbox.send(pull.child, protocol::BroadcastOffered{id, true, tag});
}

void BroadcastStore::on(const protocol::BroadcastOffered& message, const Address& from,
                        Outbox& outbox) {
  const auto at = copies_.find(message.broadcast);
  const bool expected = at != copies_.end() && at->second.state == State::pulling &&
                        from == service_of(at->second.parent);
  if (!expected) {
    ++dropped_;
    return;
  }
  Copy& copy = at->second;
  if (!message.found) {
    join(at->first, copy, true, outbox);
    return;
  }
  copy.state = State::receiving;
  copy.receiver.emplace(copy.parent, message.tag, copy.arrived);
}

void BroadcastStore::complete(const BroadcastId& id, Copy& copy, Outbox& outbox) {
  copy.state = State::complete;
  for (const Address& reader : std::exchange(copy.waiting, {})) locate(id, copy, reader, outbox);
  if (copy.removed) remove(id, copy, outbox);
}

bool BroadcastStore::progress(Outbox& outbox) {
  if (!busy()) return false;
  channel_.progress();
  bool any = false;
  for (auto& [id, copy] : copies_) any |= advance(id, copy, outbox);
  if (any) free_unused(outbox);
  return any;
}

bool BroadcastStore::busy() const {
  return std::any_of(copies_.begin(), copies_.end(), [](const auto& entry) {
    return entry.second.receiver || !entry.second.sends.empty();
  });
}

bool BroadcastStore::take_pieces(Copy& copy) {
  std::byte* const base = site_.arena.at(copy.data.offset);
  const std::uint64_t before = copy.receiver->arrived();
  const bool any = copy.receiver->advance(channel_, copy.data, base);
  for (std::uint64_t piece = before; piece < copy.receiver->arrived(); ++piece) {
    copy.damaged |= checksum_of(piece_of(copy.data, base, piece)) != copy.data.checksums.at(piece);
    if (!copy.damaged) ++copy.arrived;
  }
  return any;
}

bool BroadcastStore::advance(const BroadcastId& id, Copy& copy, Outbox& outbox) {
  bool any = false;
  if (copy.receiver) {
    any = take_pieces(copy);
    if (copy.receiver->arrived() == pieces_of(copy.data)) {
      copy.receiver.reset();
      if (!std::exchange(copy.damaged, false)) {
        complete(id, copy, outbox);
      } else {
        if (++copy.damages == patience) {
          refuse(id, copy,
                 fmt::format("{} arrives damaged, {} times now: the network or the "
                             "memory of this node is not sound",
                             copy.data.name, patience),
                 outbox);
        }
        join(id, copy, true, outbox);
      }
    }
  }
  for (PieceSender& send : copy.sends) {
    any |= send.advance(channel_, copy.data, site_.arena.at(copy.data.offset), copy.arrived);
  }
  std::erase_if(copy.sends, [&](const PieceSender& send) { return send.finished(copy.data); });
  return any;
}

}  // namespace volley::exchange
