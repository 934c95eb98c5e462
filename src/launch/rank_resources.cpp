#include "launch/rank_resources.hpp"

#include "net/node_descriptor.hpp"
#include "storage/scratch_file.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <fstream>

namespace volley::launch {
namespace {

struct Affinity {
  std::uint32_t cores = 1;
  std::uint64_t identity = 0;
};

Affinity own_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return {};
  return {static_cast<std::uint32_t>(std::max(CPU_COUNT(&set), 1)), XXH3_64bits(&set, sizeof set)};
}

std::uint64_t read_number(const char* path) {
  std::ifstream in(path);
  std::uint64_t number = 0;
  return in >> number ? number : UINT64_MAX;
}

}  // namespace

std::uint64_t usable_memory() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  std::uint64_t memory = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  memory = std::min(memory, read_number("/sys/fs/cgroup/memory.max"));
  return std::min(memory, read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
}

RankResources measure_resources(const net::MpiWorld& world,
                                const config::Configuration& configuration) {
  RankResources resources;
  const Affinity affinity = own_affinity();
  const auto neighbours = world.allgather(affinity.identity, net::MpiScope::host);
  std::uint32_t sharing = 1;
  std::uint32_t ranks = 1;
  if (neighbours) {
    sharing = static_cast<std::uint32_t>(
        std::count(neighbours.value().begin(), neighbours.value().end(), affinity.identity));
    ranks = static_cast<std::uint32_t>(neighbours.value().size());
  }
  const auto slots = static_cast<std::uint32_t>(configuration.integer("volley.rank.slots"));
  resources.slots = slots > 0 ? slots : std::max(affinity.cores / std::max(sharing, 1U), 1U);
  const std::uint64_t memory = configuration.bytes("volley.rank.memory").value;
  resources.memory = memory > 0 ? memory : usable_memory() / std::max(ranks, 1U);
  return resources;
}

namespace {

storage::NodeArena::Options arena_options(const config::Configuration& configuration,
                                          const std::string& scratch, std::string& note) {
  storage::NodeArena::Options options;
  options.capacity = configuration.bytes("volley.arena.size").value;
  if (options.capacity == 0) options.capacity = usable_memory();
  options.slab_bytes = configuration.bytes("volley.arena.slab").value;
  const auto writable = storage::open_scratch_file(scratch);
  if (!writable) {
    note = writable.error() + "; nothing can be moved to disk when memory is short";
    return options;
  }
  options.disk_directory = scratch;
  options.disk_capacity = storage::free_space(scratch);
  const std::uint64_t most = configuration.bytes("volley.spill.size").value;
  if (most != 0) options.disk_capacity = std::min(options.disk_capacity, most);
  return options;
}

/// The other file of a node's arena; failure when the ranks cannot share it.
base::Result<base::Fd> share_disk(const net::MpiWorld& world, int own, bool leads) {
  const auto has_disk = world.allgather(leads && own >= 0 ? 1U : 0U, net::MpiScope::node);
  if (!has_disk) return has_disk.failure();
  if (std::count(has_disk.value().begin(), has_disk.value().end(), 1U) == 0) return base::Fd();
  return net::share_on_node(world, own);
}

}  // namespace

base::Result<storage::NodeArena> open_arena(net::MpiWorld& world,
                                            const config::Configuration& configuration,
                                            const std::string& scratch, std::string& note) {
  auto own = storage::NodeArena::create(arena_options(configuration, scratch, note));
  auto shared = net::share_on_node(world, own ? own.value().descriptor() : -1);
  auto disk = share_disk(world, own ? own.value().disk_descriptor() : -1, world.leads_node());
  const bool usable = shared.ok() && disk.ok();
  const auto failures = world.allgather(usable ? 0 : 1, net::MpiScope::world);
  if (!failures) return failures.failure();
  const bool all = std::count(failures.value().begin(), failures.value().end(), 0U) == world.size();
  if (!all) {
    note = fmt::format("ranks of a node cannot share memory ({}): each rank counts as a node",
                       usable ? "on another node" : (shared ? disk.error() : shared.error()));
    const auto regrouped = world.group_nodes(1);
    if (!regrouped) return regrouped.failure();
    return own;
  }
  if (world.leads_node()) return own;
  return storage::NodeArena::attach(std::move(shared).value(), std::move(disk).value());
}

}  // namespace volley::launch
