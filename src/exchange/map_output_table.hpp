#pragma once
// MapOutputTable: the map outputs of one shuffle that this rank keeps, by map partition. Owns their
// slabs (owner: the rank) until it is cleared. An output that others may be reading is not freed
// when a later attempt replaces it, but kept aside until then. What would leave most of its slabs
// empty is moved to slabs that such outputs share. One thread.

#include "exchange/slab_bump.hpp"
#include "protocol/driver_messages.hpp"
#include "storage/node_arena.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace volley::exchange {

/// Which attempt wrote an output; a later one compares greater.
struct OutputVersion {
  std::uint32_t application_attempt = 0;
  protocol::TaskId task = 0;
  auto operator<=>(const OutputVersion&) const = default;
};

class MapOutputTable {
 public:
  MapOutputTable(storage::NodeArena& arena, storage::NodeArena::Owner owner)
      : arena_(&arena), owner_(owner) {}

  /// Whether an output of this version would be news: not one that is here, nor an older one.
  bool wants(std::uint32_t map, const OutputVersion& version) const;
  /// Keeps an output, whose slabs belong to the owner already, in place of an earlier one.
  void put(std::uint32_t map, const OutputVersion& version, std::vector<protocol::Chunk> chunks,
           std::vector<std::uint64_t> slabs);

  /// Bytes per reduce partition over those of `maps` that are here.
  std::vector<std::uint64_t> sizes(const std::vector<std::uint32_t>& maps,
                                   std::uint32_t reducers) const;
  /// Those of `maps` that are not here.
  std::vector<std::uint32_t> missing(const std::vector<std::uint32_t>& maps) const;
  /// The chunks of `maps` by the rank that `destinations` names for their partition, sorted by
  /// partition, then map, then writing order. From now on their memory stays until clear().
  std::map<base::Rank, std::vector<protocol::Chunk>> share(
      std::vector<std::uint32_t> maps, const std::vector<base::Rank>& destinations);

  bool empty() const { return outputs_.empty() && retired_.empty(); }
  /// Releases everything.
  void clear();

 private:
  struct Output {
    OutputVersion version;
    std::vector<protocol::Chunk> chunks;
    std::vector<std::uint64_t> slabs;
    bool shared = false;
  };

  void release(const std::vector<std::uint64_t>& slabs);
  bool pack(std::vector<protocol::Chunk>& chunks, const std::vector<std::uint64_t>& slabs);

  storage::NodeArena* arena_;
  storage::NodeArena::Owner owner_;
  std::map<std::uint32_t, Output> outputs_;
  std::unique_ptr<SlabBump> packed_;    ///< slabs that small outputs share
  std::vector<std::uint64_t> retired_;  ///< slabs of replaced outputs that were shared
};

/// The order in which a reader wants chunks; stable, so that writing order is kept.
void sort_chunks(std::vector<protocol::Chunk>& chunks);

}  // namespace volley::exchange
