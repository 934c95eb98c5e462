#include "exchange/shuffle_service.hpp"

#include "base/check.hpp"
#include "storage/arena_owner.hpp"

#include <algorithm>
#include <utility>

namespace volley::exchange {
namespace {

using protocol::Address;
using protocol::Outbox;
using protocol::ShuffleId;

constexpr std::size_t max_removed_shuffles = 65536;
constexpr std::size_t max_removed_applications = 4096;
/// Tags come round again long after the exchange that had them; the MPI standard promises 32767.
constexpr std::uint32_t tags = 16384;

MoverOptions limited(MoverOptions options, const storage::NodeArena& arena) {
  options.segment_bytes = std::min(options.segment_bytes, arena.slab_bytes());
  return options;
}

template <class Marks>
void keep_at_most(Marks& marks, std::size_t limit) {
  while (marks.size() > limit) marks.erase(marks.begin());
}

}  // namespace

ShuffleService::ShuffleService(base::Rank self, std::vector<std::uint32_t> nodes,
                               storage::NodeArena& arena, net::DataChannel& channel,
                               const Options& options)
    : arena_(arena),
      site_{self, std::move(nodes), arena, {}, limited(options, arena).segment_bytes},
      broadcasts_(site_, channel, [this] { return next_tag(); }) {
  VOLLEY_CHECK(self >= 0 && static_cast<std::size_t>(self) < site_.nodes.size(), "self={}", self);
  const std::size_t ranks = site_.nodes.size();
  MoverOptions limits = limited(options, arena);
  limits.eager_bytes = channel.eager_bytes();
  movers_[0] = make_windowed_pairwise(self, ranks, channel, limits);
  for (const protocol::Codec codec : {protocol::Codec::lz4, protocol::Codec::zstd}) {
    movers_.at(static_cast<std::size_t>(codec)) =
        make_compressed_pairwise(self, ranks, channel, limits, codec);
  }
  for (std::size_t i = 0; i < movers_.size(); ++i) site_.movers.at(i) = movers_.at(i).get();
}

void ShuffleService::on(const protocol::MapOutputWritten& message, const Address& from, Outbox&) {
  if (from.rank != site_.self || from.container.number == 0) {
    ++dropped_;
    return;
  }
  const auto owner = storage::container_owner(site_.self, from.container);
  const auto kept = storage::rank_owner(site_.self);
  const OutputVersion version{from.container.attempt, message.attempt.task};
  const std::uint32_t map = message.attempt.partition;
  std::vector<std::uint64_t> slabs = message.slabs;
  std::sort(slabs.begin(), slabs.end());
  slabs.erase(std::unique(slabs.begin(), slabs.end()), slabs.end());

  const auto known = shuffles_.find(message.shuffle);
  const bool wanted = !removed(message.shuffle) && well_formed(message, slabs, owner) &&
                      (known == shuffles_.end() || known->second.outputs.wants(map, version));
  if (!wanted) {
    ++dropped_;
    for (const std::uint64_t slab : slabs) {
      if (slab < arena_.all_slabs() && arena_.owner(slab) == owner) arena_.release(slab, owner);
    }
    return;
  }
  for (const std::uint64_t slab : slabs) arena_.transfer(slab, owner, kept);
  std::vector<protocol::Chunk> chunks = message.chunks;
  for (protocol::Chunk& chunk : chunks) chunk.map = map;
  shuffle(message.shuffle).outputs.put(map, version, std::move(chunks), std::move(slabs));
}

/// Whether the container still owns all slabs (it does not, once it has ended) and the chunks lie
/// in them.
bool ShuffleService::well_formed(const protocol::MapOutputWritten& message,
                                 const std::vector<std::uint64_t>& slabs,
                                 storage::NodeArena::Owner owner) const {
  for (const std::uint64_t slab : slabs) {
    if (slab >= arena_.all_slabs() || arena_.owner(slab) != owner) return false;
  }
  const auto holds = [&](std::uint64_t slab) {
    return std::binary_search(slabs.begin(), slabs.end(), slab);
  };
  return std::all_of(message.chunks.begin(), message.chunks.end(), [&](const auto& chunk) {
    if (chunk.partition >= message.reducers) return false;
    if (chunk.bytes == 0) return true;
    const std::uint64_t size = arena_.all_slabs() * arena_.slab_bytes();
    if (chunk.offset >= size || chunk.bytes > size - chunk.offset) return false;
    const std::uint64_t last = (chunk.offset + chunk.bytes - 1) / arena_.slab_bytes();
    for (std::uint64_t slab = chunk.offset / arena_.slab_bytes(); slab <= last; ++slab) {
      if (!holds(slab)) return false;
    }
    return true;
  });
}

void ShuffleService::on(const protocol::ShuffleSizesRequested& message, const Address& from,
                        Outbox& outbox) {
  const auto at = shuffles_.find(message.shuffle);
  protocol::ShuffleSizes answer{message.shuffle, message.query, {}};
  if (at != shuffles_.end()) {
    answer.bytes = at->second.outputs.sizes(message.maps, message.reducers);
  } else {
    answer.bytes.assign(message.reducers, 0);
  }
  outbox.send(from, std::move(answer));
}

std::uint32_t ShuffleService::next_tag() { return last_tag_ = (last_tag_ + 1) % tags; }

void ShuffleService::on(const protocol::ExchangeRequested& message, const Address& from,
                        Outbox& outbox) {
  const ExchangeKey key{message.shuffle, message.exchange};
  if (removed(message.shuffle) || ended(key)) {
    ++dropped_;
    return;
  }
  ExchangeState& state = exchange(key);
  if (state.phase() != ExchangeState::Phase::waiting) {
    ++dropped_;
    return;
  }
  Shuffle& held = shuffle(message.shuffle);
  state.start(message, from, held.outputs, next_tag(), outbox);
  const bool broken = state.phase() == ExchangeState::Phase::draining;
  if (broken) held.broken_exchanges.insert(message.exchange);
  conclude(exchanges_.find(key), outbox);
}

void ShuffleService::on(const protocol::ExchangeOffered& message, const Address& from,
                        Outbox& outbox) {
  const ExchangeKey key{message.shuffle, message.exchange};
  if (ended(key) || site_.lost.contains(from.rank)) {
    ++dropped_;
    return;
  }
  ExchangeState& state = exchange(key);
  // The data is on its way all the same: it goes nowhere.
  if (unwanted(key)) {
    ++dropped_;
    state.cancel();
    (void)state.offer(from.rank, message);
  } else if (!state.offer(from.rank, message)) {
    ++dropped_;
  }
  conclude(exchanges_.find(key), outbox);
}

void ShuffleService::on(const protocol::PartitionRequested& message, const Address& from,
                        Outbox& outbox) {
  protocol::PartitionListed answer{message.request, false, {}};
  const auto at = shuffles_.find(message.shuffle);
  if (at != shuffles_.end() && !at->second.removed) {
    const auto* chunks = at->second.partitions.hand_out(message.partition);
    answer.found = chunks != nullptr;
    if (chunks != nullptr) answer.chunks = *chunks;
  }
  outbox.send(from, std::move(answer));
}

void ShuffleService::on(const protocol::ShuffleRemoved& message, const Address&, Outbox& outbox) {
  if (removed(message.shuffle)) {
    ++dropped_;
    return;
  }
  remove(message.shuffle, outbox);
  keep_at_most(removed_shuffles_, max_removed_shuffles);
}

void ShuffleService::on(const protocol::ContainerMemoryReleased& message, const Address&,
                        Outbox& outbox) {
  broadcasts_.container_ended(message.container, outbox);
  arena_.release_all(storage::container_owner(site_.self, message.container));
}

template <class Wanted>
void ShuffleService::remove_all(const Wanted& wanted, Outbox& outbox) {
  std::set<ShuffleId> alive;
  for (const auto& [id, held] : shuffles_) alive.insert(id);
  for (const auto& [key, state] : exchanges_) alive.insert(key.shuffle);
  for (const ShuffleId& id : alive) {
    if (wanted(id)) remove(id, outbox);
  }
}

void ShuffleService::on(const protocol::ApplicationDataRemoved& message, const Address&,
                        Outbox& outbox) {
  remove_all([&](const ShuffleId& id) { return id.application == message.application; }, outbox);
  std::erase_if(removed_shuffles_,
                [&](const auto& mark) { return mark.first.application == message.application; });
  removed_applications_.insert(message.application);
  keep_at_most(removed_applications_, max_removed_applications);
  broadcasts_.application_removed(message.application, outbox);
}

void ShuffleService::on(const protocol::AttemptDataRemoved& message, const Address&,
                        Outbox& outbox) {
  const auto of_attempt = [&](const ShuffleId& id) {
    return id.application == message.application &&
           id.number / base::shuffles_per_attempt < message.attempt;
  };
  remove_all(of_attempt, outbox);
  keep_at_most(removed_shuffles_, max_removed_shuffles);
  broadcasts_.attempt_removed(message.application, message.attempt, outbox);
}

void ShuffleService::on(const protocol::SourceLost& message, const Address&, Outbox& outbox) {
  if (!site_.lost.insert(message.rank).second) return;
  // What lies in slabs of its own on this node stays there: others may be reading it.
  std::vector<ExchangeKey> broken;
  for (auto& [key, state] : exchanges_) {
    if (!state.lose(message.rank)) continue;
    broken.push_back(key);
    shuffle(key.shuffle).broken_exchanges.insert(key.exchange);
  }
  bool reusable = true;
  for (const auto& mover : movers_) reusable &= mover->abandon(message.rank);
  for (const ExchangeKey& key : broken) {
    if (!reusable) exchanges_.at(key).forsake_memory();
  }
  for (auto at = exchanges_.begin(); at != exchanges_.end();) {
    const auto current = at++;
    current->second.advance();
    conclude(current, outbox);
  }
  broadcasts_.rank_lost(message.rank, outbox);
}

bool ShuffleService::progress(Outbox& outbox) {
  bool any = broadcasts_.progress(outbox);
  for (const auto& mover : movers_) any |= mover->progress();
  for (auto at = exchanges_.begin(); at != exchanges_.end();) {
    const auto current = at++;
    any |= current->second.advance();
    conclude(current, outbox);
  }
  return any;
}

bool ShuffleService::removed(const ShuffleId& id) const {
  return removed_shuffles_.contains(id) || removed_applications_.contains(id.application);
}

ShuffleService::Shuffle& ShuffleService::shuffle(const ShuffleId& id) {
  const auto owner = storage::rank_owner(site_.self);
  return shuffles_
      .try_emplace(id,
                   Shuffle{MapOutputTable(arena_, owner), PartitionTable(arena_, owner), {}, {}})
      .first->second;
}

ExchangeState& ShuffleService::exchange(const ExchangeKey& key) {
  return exchanges_.try_emplace(key, key, site_).first->second;
}

bool ShuffleService::ended(const ExchangeKey& key) const {
  const auto held = shuffles_.find(key.shuffle);
  if (held != shuffles_.end()) return held->second.ended_exchanges.contains(key.exchange);
  const auto mark = removed_shuffles_.find(key.shuffle);
  return mark != removed_shuffles_.end() && mark->second.contains(key.exchange);
}

bool ShuffleService::unwanted(const ExchangeKey& key) const {
  const auto held = shuffles_.find(key.shuffle);
  return removed(key.shuffle) ||
         (held != shuffles_.end() && held->second.broken_exchanges.contains(key.exchange));
}

/// Ends an exchange that has finished; the only place where exchanges go away.
void ShuffleService::conclude(Exchanges::iterator at, Outbox& outbox) {
  ExchangeState& state = at->second;
  if (!state.finished()) return;
  const ExchangeKey key = at->first;
  if (state.phase() == ExchangeState::Phase::moving) {
    Shuffle& held = shuffle(key.shuffle);
    if (state.error().empty()) held.partitions.put(state.take_partitions());
    held.ended_exchanges.insert(key.exchange);
    outbox.send(state.requester(),
                protocol::ExchangeFinished{key.shuffle, key.exchange, state.bytes_received(),
                                           state.error(), state.damaged(), state.wire_bytes()});
  }
  exchanges_.erase(at);
  free_if_unused(key.shuffle);
}

void ShuffleService::remove(const ShuffleId& id, Outbox& outbox) {
  auto& mark = removed_shuffles_[id];
  const auto held = shuffles_.find(id);
  if (held != shuffles_.end()) {
    held->second.removed = true;
    mark = held->second.ended_exchanges;
  }
  for (auto at = exchanges_.lower_bound({id, 0}); at != exchanges_.end();) {
    if (at->first.shuffle != id) break;
    const auto current = at++;
    current->second.cancel();
    conclude(current, outbox);
  }
  free_if_unused(id);
}

/// Frees a removed shuffle as soon as no exchange sends from its memory any more.
void ShuffleService::free_if_unused(const ShuffleId& id) {
  const auto held = shuffles_.find(id);
  if (held == shuffles_.end() || !held->second.removed) return;
  const auto next = exchanges_.lower_bound({id, 0});
  if (next != exchanges_.end() && next->first.shuffle == id) return;
  held->second.outputs.clear();
  held->second.partitions.clear();
  shuffles_.erase(held);
}

}  // namespace volley::exchange
