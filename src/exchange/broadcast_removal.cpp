// The BroadcastStore's ends: of broadcasts, of those who read them, of ranks.

#include "exchange/broadcast_store.hpp"
#include "storage/arena_owner.hpp"

#include <utility>

namespace volley::exchange {

using protocol::Address;
using protocol::BroadcastId;
using protocol::Outbox;
using protocol::Role;

namespace {
constexpr std::size_t most_marks = 65536;
}  // namespace

void BroadcastStore::on(const protocol::BroadcastRemoved& message, const Address&, Outbox& outbox) {
  const auto at = copies_.find(message.broadcast);
  if (at == copies_.end()) {  // this rank could not get it
    ++dropped_;
    return;
  }
  Copy& copy = at->second;
  if (copy.tree) {
    for (const auto& [reader, times] : copy.readers) {
      if (reader.role == Role::shuffle_service) outbox.send(reader, message);
    }
    copy.tree->clear();
    if (message.destroyed.empty()) return;
  }
  copy.destroyed = message.destroyed;
  remove(at->first, copy, outbox);
  (void)free_if_unused(at, outbox);
}

/// Asks who reads it to let go.
void BroadcastStore::remove(const BroadcastId& id, Copy& copy, Outbox& outbox) {
  copy.removed = true;
  for (const auto& [reader, times] : copy.readers) {
    if (reader.role == Role::executor) {
      outbox.send(reader, protocol::BroadcastReleaseRequested{id});
    }
  }
}

void BroadcastStore::on(const protocol::BroadcastReaderGone& message, const Address&,
                        Outbox& outbox) {
  forget_container(message.container, outbox);
}

void BroadcastStore::container_ended(const protocol::ContainerId& container, Outbox& outbox) {
  const auto elsewhere = sent_elsewhere_.extract(container);
  if (!elsewhere.empty()) {
    for (const base::Rank rank : elsewhere.mapped()) {
      outbox.send(protocol::at_rank(Role::shuffle_service, rank),
                  protocol::BroadcastReaderGone{container});
    }
  }
  forget_container(container, outbox);
}

void BroadcastStore::forget_container(const protocol::ContainerId& container, Outbox& outbox) {
  for (auto& [id, copy] : copies_) {
    std::erase_if(copy.readers,
                  [&](const auto& entry) { return entry.first.container == container; });
    std::erase_if(copy.waiting,
                  [&](const Address& reader) { return reader.container == container; });
  }
  free_unused(outbox);
}

/// What it still sends and receives is given up.
void BroadcastStore::forget_parent(Copy& copy) {
  if (copy.receiver && !copy.receiver->abandon(channel_)) copy.forsaken = true;
  copy.receiver.reset();
  copy.damaged = false;
}

void BroadcastStore::rank_lost(base::Rank rank, Outbox& outbox) {
  for (auto& [id, copy] : copies_) {
    for (PieceSender& send : copy.sends) {
      if (send.to() == rank && !send.abandon(channel_)) copy.forsaken = true;
    }
    std::erase_if(copy.sends, [&](const PieceSender& send) { return send.to() == rank; });
    std::erase_if(copy.pulls, [&](const Pull& pull) { return pull.child.rank == rank; });
    std::erase_if(copy.readers, [&](const auto& entry) { return entry.first.rank == rank; });
    std::erase_if(copy.waiting, [&](const Address& reader) { return reader.rank == rank; });
    if (copy.origin == rank) {
      // The driver has died with it. What is here stays until the application's data goes.
      forget_parent(copy);
      for (PieceSender& send : std::exchange(copy.sends, {})) {
        if (!send.abandon(channel_)) copy.forsaken = true;
      }
      refuse(id, copy, "the driver's rank is lost", outbox);
      copy.state = State::complete;
      copy.destroyed = "its driver's rank is lost";
      copy.removed = true;
    } else if (copy.parent == rank && copy.state != State::joining &&
               copy.state != State::complete) {
      forget_parent(copy);
      join(id, copy, true, outbox);
    }
  }
  free_unused(outbox);
}

/// Nobody of the application is there any more to let go.
void BroadcastStore::end(const BroadcastId& id, Copy& copy, Outbox& outbox) {
  copy.ended = true;
  copy.waiting.clear();
  std::erase_if(copy.readers, [](const auto& entry) { return entry.first.role == Role::executor; });
  remove(id, copy, outbox);
}

void BroadcastStore::application_removed(const protocol::ApplicationId& application,
                                         Outbox& outbox) {
  for (auto& [id, copy] : copies_) {
    if (id.application == application) end(id, copy, outbox);
  }
  free_unused(outbox);
  const auto of_it = [&](const auto& entry) { return entry.first.application == application; };
  std::erase_if(sent_elsewhere_, of_it);
  std::erase_if(destroyed_, of_it);
}

void BroadcastStore::attempt_removed(const protocol::ApplicationId& application,
                                     std::uint32_t attempt, Outbox& outbox) {
  for (auto& [id, copy] : copies_) {
    if (id.application == application && id.attempt <= attempt) end(id, copy, outbox);
  }
  free_unused(outbox);
  std::erase_if(destroyed_, [&](const auto& entry) {
    return entry.first.application == application && entry.first.attempt <= attempt;
  });
}

void BroadcastStore::free_unused(Outbox& outbox) {
  for (auto at = copies_.begin(); at != copies_.end();) {
    const auto current = at++;
    (void)free_if_unused(current, outbox);
  }
}

/// The only place where memory of copies goes back. A destroyed broadcast leaves its origin a mark,
/// for the error of those who use it.
bool BroadcastStore::free_if_unused(Copies::iterator at, Outbox& outbox) {
  Copy& copy = at->second;
  const bool unused =
      copy.removed && copy.state == State::complete && copy.readers.empty() && copy.sends.empty();
  if (!unused) return false;
  if (copy.placed && !copy.forsaken) {
    const std::uint64_t first = copy.data.offset / site_.arena.slab_bytes();
    for (std::uint64_t i = 0; i < slabs_of(copy); ++i) {
      site_.arena.release(first + i, storage::rank_owner(site_.self));
    }
  }
  if (copy.tree && !copy.ended) {
    destroyed_.emplace(at->first, why_not(at->first));
    if (destroyed_.size() > most_marks) destroyed_.erase(destroyed_.begin());
  }
  if (!copy.tree && !site_.lost.contains(copy.origin)) {
    outbox.send(protocol::at_rank(Role::shuffle_service, copy.origin),
                protocol::BroadcastReleased{at->first});
  }
  copies_.erase(at);
  return true;
}

}  // namespace volley::exchange
