#pragma once
// What a rank offers: slots, memory, and the shared arena of its node.

#include "base/result.hpp"
#include "config/configuration.hpp"
#include "net/mpi_world.hpp"
#include "storage/node_arena.hpp"

#include <cstdint>
#include <string>

namespace volley::launch {

struct RankResources {
  std::uint32_t slots = 1;
  std::uint64_t memory = 0;  ///< bytes that containers of this rank may use
};

/// Collective over the host. Slots: the cores of the affinity mask, divided among the ranks of the
/// host that have the same one, at least 1, or volley.rank.slots. Memory: the host's (or the
/// cgroup's limit) divided among its ranks, or volley.rank.memory.
RankResources measure_resources(const net::MpiWorld& world,
                                const config::Configuration& configuration);

/// Collective over the world: every node's arena, mapped by its ranks. Where ranks of a node cannot
/// share memory (separate pid namespaces), all ranks become nodes of their own, and `note` says so.
/// `scratch`: directory for what memory has no room for; when it cannot be used, `note` says so.
base::Result<storage::NodeArena> open_arena(net::MpiWorld& world,
                                            const config::Configuration& configuration,
                                            const std::string& scratch, std::string& note);

/// Bytes of memory of this machine that the process may use.
std::uint64_t usable_memory();

}  // namespace volley::launch
