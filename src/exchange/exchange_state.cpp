#include "exchange/exchange_state.hpp"

#include "base/check.hpp"
#include "exchange/arena_full.hpp"
#include "storage/arena_owner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace volley::exchange {
namespace {

using protocol::Chunk;

std::string name_of(const ExchangeKey& key) {
  return fmt::format("shuffle {} of {}", key.shuffle.number,
                     base::to_string(key.shuffle.application));
}

std::vector<std::uint64_t> sizes_of(const std::vector<Chunk>& chunks) {
  std::vector<std::uint64_t> sizes;
  sizes.reserve(chunks.size());
  for (const Chunk& chunk : chunks) sizes.push_back(chunk.bytes);
  return sizes;
}

bool has_data(const std::vector<Chunk>& chunks) {
  return std::any_of(chunks.begin(), chunks.end(), [](const Chunk& c) { return c.bytes != 0; });
}

}  // namespace

ExchangeState::ExchangeState(const ExchangeKey& key, const ExchangeSite& site)
    : key_(key),
      site_(site),
      slabs_(site.arena, storage::rank_owner(site.self)),
      disk_slabs_(site.arena, storage::rank_owner(site.self), SlabBump::Place::disk) {}

void ExchangeState::start(const protocol::ExchangeRequested& request,
                          const protocol::Address& requester, MapOutputTable& outputs,
                          std::uint32_t tag, protocol::Outbox& outbox) {
  VOLLEY_CHECK(phase_ == Phase::waiting, "exchange={}", key_.exchange);
  phase_ = Phase::moving;
  requester_ = requester;
  codec_ = request.codec;
  const auto& destinations = request.destinations;
  for (std::uint32_t partition = 0; partition < destinations.size(); ++partition) {
    if (destinations[partition] == site_.self) mine_.push_back(partition);
  }
  if (!mine_.empty()) {
    expected_.insert(request.sources.begin(), request.sources.end());
    expected_.erase(site_.self);
    for (const base::Rank gone : site_.lost) {
      const bool all_here = incoming_.contains(gone) && !incoming_.at(gone).stream;
      if (!all_here && expected_.contains(gone)) cancel();
    }
  }
  const auto absent = outputs.missing(request.maps);
  if (!absent.empty()) {
    damaged_.insert(absent.begin(), absent.end());
    fail(fmt::format("{}: rank {} does not hold the output of map partitions {}", name_of(key_),
                     site_.self, fmt::join(absent, ", ")));
  }
  const auto& sources = request.sources;
  if (std::find(sources.begin(), sources.end(), site_.self) != sources.end()) {
    send_offers(request, outputs, tag, outbox);
  }
  for (const auto& [from, incoming] : incoming_) expected_.erase(from);
}

void ExchangeState::send_offers(const protocol::ExchangeRequested& request, MapOutputTable& outputs,
                                std::uint32_t tag, protocol::Outbox& outbox) {
  auto shares = outputs.share(request.maps, request.destinations);
  own_ = std::move(shares[site_.self]);
  std::set<base::Rank> receivers(request.destinations.begin(), request.destinations.end());
  receivers.erase(base::no_rank);
  receivers.erase(site_.self);
  for (const base::Rank gone : site_.lost) receivers.erase(gone);
  const auto offer_to = [&](base::Rank to) {
    const auto index = static_cast<std::size_t>(to);
    VOLLEY_CHECK(index < site_.nodes.size(), "to={} ranks={}", to, site_.nodes.size());
    const bool same_node = site_.nodes[index] == site_.nodes[static_cast<std::size_t>(site_.self)];
    std::vector<Chunk> chunks = std::move(shares[to]);
    if (!same_node && has_data(chunks)) {
      std::vector<std::span<const std::byte>> blocks;
      blocks.reserve(chunks.size());
      for (const Chunk& c : chunks) blocks.emplace_back(site_.arena.at(c.offset), c.bytes);
      outgoing_.emplace(site_.mover(codec_).send(to, tag, blocks), chunks.size());
    }
    outbox.send(protocol::at_rank(protocol::Role::shuffle_service, to),
                protocol::ExchangeOffered{key_.shuffle, key_.exchange, same_node, tag,
                                          std::move(chunks), codec_});
  };
  // The next rank first and then round, so that the ranks do not all begin with the same one.
  const auto next = receivers.lower_bound(site_.self);
  std::for_each(next, receivers.end(), offer_to);
  std::for_each(receivers.begin(), next, offer_to);
}

bool ExchangeState::offer(base::Rank from, const protocol::ExchangeOffered& offered) {
  if (incoming_.contains(from)) return false;
  if (phase_ == Phase::moving && expected_.erase(from) == 0) return false;
  Incoming& incoming = incoming_[from];
  incoming.same_node = offered.same_node;
  incoming.chunks = offered.chunks;
  incoming.tag = offered.tag;
  incoming.codec = offered.codec;
  // At once, before the request has come: it may never come, when the driver ends while it asks,
  // and data that nobody takes would hold up all that the sender has for this rank later.
  accept(from, incoming);
  return true;
}

void ExchangeState::accept(base::Rank from, Incoming& incoming) {
  if (incoming.same_node || !has_data(incoming.chunks)) return;
  const std::vector<std::uint64_t> sizes = sizes_of(incoming.chunks);
  std::vector<std::byte*> destinations;
  std::vector<std::uint64_t> checksums;
  for (const Chunk& chunk : incoming.chunks) checksums.push_back(chunk.checksum);
  if (phase_ == Phase::draining || !error_.empty() || !place(incoming.chunks, destinations)) {
    incoming.discarded = true;
    destinations.clear();
  }
  incoming.stream =
      site_.mover(incoming.codec).receive(from, incoming.tag, {sizes, destinations, checksums});
}

/// Finds room for chunks as the segment plan wants them and sets their offsets.
bool ExchangeState::place(std::vector<Chunk>& chunks, std::vector<std::byte*>& destinations) {
  destinations.assign(chunks.size(), nullptr);
  for (const Segment& segment : plan_segments(sizes_of(chunks), site_.segment_bytes)) {
    if (segment.offset != 0) continue;
    const bool packed = segment.count > 1;
    const std::uint64_t bytes = packed ? segment.bytes : chunks[segment.block].bytes;
    auto offset = slabs_.allocate(bytes);
    if (!offset) offset = disk_slabs_.allocate(bytes);
    if (!offset) {
      fail(fmt::format("{}: rank {} cannot receive its partitions: {}", name_of(key_), site_.self,
                       arena_full_text(site_.arena, bytes, "received shuffle data")));
      return false;
    }
    std::uint64_t position = *offset;
    for (std::size_t i = segment.block; i < segment.block + segment.count; ++i) {
      chunks[i].offset = position;
      destinations[i] = site_.arena.at(position);
      position += aligned(chunks[i].bytes);
    }
  }
  for (Chunk& chunk : chunks) {
    if (chunk.bytes == 0) chunk.offset = 0;
  }
  return true;
}

void ExchangeState::cancel() { phase_ = Phase::draining; }

bool ExchangeState::lose(base::Rank rank) {
  const auto from = incoming_.find(rank);
  const bool half = from != incoming_.end() && from->second.stream.has_value();
  if (expected_.erase(rank) == 0 && !half) return false;
  cancel();
  return true;
}

void ExchangeState::forsake_memory() {
  slabs_.take();
  disk_slabs_.take();
}

bool ExchangeState::advance() {
  bool any = false;
  for (auto& [from, incoming] : incoming_) {
    if (!incoming.stream) continue;
    DataMover& mover = site_.mover(incoming.codec);
    const std::size_t complete = mover.complete(*incoming.stream);
    if (complete == incoming.moved) continue;
    any = true;
    incoming.moved = complete;
    if (complete != incoming.chunks.size()) continue;
    conclude(from, incoming);
    mover.close(*incoming.stream);
    incoming.stream.reset();
  }
  for (auto stream = outgoing_.begin(); stream != outgoing_.end();) {
    if (site_.mover(codec_).complete(stream->first) != stream->second) {
      ++stream;
      continue;
    }
    any = true;
    site_.mover(codec_).close(stream->first);
    stream = outgoing_.erase(stream);
  }
  return any;
}

/// All that came from a rank is here, and checked.
void ExchangeState::conclude(base::Rank from, const Incoming& incoming) {
  const auto& arrival = site_.mover(incoming.codec).arrival(*incoming.stream);
  wire_bytes_ += arrival.wire_bytes;
  for (const Chunk& chunk : incoming.chunks) bytes_received_ += chunk.bytes;
  for (const DataMover::Damage& damage : arrival.damaged) {
    found_damage(from, incoming.chunks[damage.block], damage);
  }
}

void ExchangeState::found_damage(base::Rank from, const Chunk& chunk,
                                 const DataMover::Damage& damage) {
  if (error_.empty() || !damaged_.empty()) damaged_.insert(chunk.map);
  const std::string how = damage.checksum ? fmt::format("with checksum {:016x} instead of {:016x}",
                                                        *damage.checksum, chunk.checksum)
                                          : "cannot be decompressed";
  fail(
      fmt::format("{}: map output {}, partition {} arrived damaged from rank {} over the network: "
                  "{} bytes {}",
                  name_of(key_), chunk.map, chunk.partition, from, chunk.bytes, how));
}

bool ExchangeState::finished() const {
  if (phase_ == Phase::waiting || !outgoing_.empty()) return false;
  if (phase_ == Phase::moving && !expected_.empty()) return false;
  return std::none_of(incoming_.begin(), incoming_.end(),
                      [](const auto& entry) { return entry.second.stream.has_value(); });
}

std::map<std::uint32_t, PartitionTable::Listed> ExchangeState::take_partitions() {
  VOLLEY_CHECK(finished() && error_.empty() && phase_ == Phase::moving, "error={}", error_);
  std::map<std::uint32_t, PartitionTable::Listed> partitions;
  for (const std::uint32_t partition : mine_) partitions[partition];
  for (const Chunk& chunk : own_) partitions[chunk.partition].chunks.push_back(chunk);
  for (const auto& [from, incoming] : incoming_) {
    for (const Chunk& chunk : incoming.chunks) {
      auto& listed = partitions[chunk.partition];
      listed.chunks.push_back(chunk);
      if (!incoming.same_node) listed.received.push_back(chunk);
    }
  }
  for (auto& [partition, listed] : partitions) sort_chunks(listed.chunks);
  slabs_.take();
  disk_slabs_.take();
  return partitions;
}

/// The first reason is the one to report.
void ExchangeState::fail(std::string error) {
  if (error_.empty()) error_ = std::move(error);
}

}  // namespace volley::exchange
