#include "exchange/map_output_table.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

namespace volley::exchange {

bool MapOutputTable::wants(std::uint32_t map, const OutputVersion& version) const {
  const auto at = outputs_.find(map);
  return at == outputs_.end() || at->second.version < version;
}

void MapOutputTable::put(std::uint32_t map, const OutputVersion& version,
                         std::vector<protocol::Chunk> chunks, std::vector<std::uint64_t> slabs) {
  Output& output = outputs_[map];
  if (output.shared) {
    retired_.insert(retired_.end(), output.slabs.begin(), output.slabs.end());
  } else {
    release(output.slabs);
  }
  if (pack(chunks, slabs)) {
    release(slabs);
    slabs.clear();
  }
  output = Output{version, std::move(chunks), std::move(slabs), false};
}

/// Copies the chunks to a shared slab, when that saves most of their memory.
bool MapOutputTable::pack(std::vector<protocol::Chunk>& chunks,
                          const std::vector<std::uint64_t>& slabs) {
  constexpr std::uint64_t least_gain = 4;  // times less memory
  std::uint64_t bytes = 0;
  for (const protocol::Chunk& chunk : chunks) {
    if (chunk.bytes != 0 && arena_->on_disk(chunk.offset)) return false;
    bytes += aligned(chunk.bytes);
  }
  const std::uint64_t slab_bytes = arena_->slab_bytes();
  if (bytes > slab_bytes || bytes * least_gain > slabs.size() * slab_bytes) return false;
  if (bytes == 0) return true;
  if (!packed_) packed_ = std::make_unique<SlabBump>(*arena_, owner_);
  const auto room = packed_->allocate(bytes);
  if (!room) return false;
  std::uint64_t position = *room;
  for (protocol::Chunk& chunk : chunks) {
    std::memcpy(arena_->at(position), arena_->at(chunk.offset), chunk.bytes);
    chunk.offset = position;
    position += aligned(chunk.bytes);
  }
  return true;
}

std::vector<std::uint64_t> MapOutputTable::sizes(const std::vector<std::uint32_t>& maps,
                                                 std::uint32_t reducers) const {
  std::vector<std::uint64_t> bytes(reducers, 0);
  for (const std::uint32_t map : maps) {
    const auto at = outputs_.find(map);
    if (at == outputs_.end()) continue;
    for (const protocol::Chunk& chunk : at->second.chunks) {
      if (chunk.partition < reducers) bytes[chunk.partition] += chunk.bytes;
    }
  }
  return bytes;
}

std::vector<std::uint32_t> MapOutputTable::missing(const std::vector<std::uint32_t>& maps) const {
  std::vector<std::uint32_t> absent;
  for (const std::uint32_t map : maps) {
    if (!outputs_.contains(map)) absent.push_back(map);
  }
  return absent;
}

std::map<base::Rank, std::vector<protocol::Chunk>> MapOutputTable::share(
    std::vector<std::uint32_t> maps, const std::vector<base::Rank>& destinations) {
  std::sort(maps.begin(), maps.end());
  maps.erase(std::unique(maps.begin(), maps.end()), maps.end());
  std::map<base::Rank, std::vector<protocol::Chunk>> shares;
  for (const std::uint32_t map : maps) {
    const auto at = outputs_.find(map);
    if (at == outputs_.end()) continue;
    at->second.shared = true;
    for (const protocol::Chunk& chunk : at->second.chunks) {
      if (chunk.partition >= destinations.size()) continue;
      const base::Rank to = destinations[chunk.partition];
      if (to != base::no_rank) shares[to].push_back(chunk);
    }
  }
  for (auto& [to, chunks] : shares) sort_chunks(chunks);
  return shares;
}

void MapOutputTable::clear() {
  for (const auto& [map, output] : outputs_) release(output.slabs);
  release(retired_);
  outputs_.clear();
  retired_.clear();
  packed_.reset();
}

void MapOutputTable::release(const std::vector<std::uint64_t>& slabs) {
  for (const std::uint64_t slab : slabs) arena_->release(slab, owner_);
}

void sort_chunks(std::vector<protocol::Chunk>& chunks) {
  std::stable_sort(chunks.begin(), chunks.end(),
                   [](const protocol::Chunk& a, const protocol::Chunk& b) {
                     return std::tie(a.partition, a.map) < std::tie(b.partition, b.map);
                   });
}

}  // namespace volley::exchange
