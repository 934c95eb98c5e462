#include "launch/rank_resources.hpp"

#include "net/node_descriptor.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/statvfs.h>
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

std::uint64_t free_space(const std::string& directory) {
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

RankResources measure_resources(const net::MpiWorld& world,
                                const config::Configuration& configuration) {
  RankResources resources;
  const Affinity affinity = own_affinity();
  const auto neighbours = world.allgather(affinity.identity, net::MpiScope::node);
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

base::Result<storage::NodeArena> open_arena(net::MpiWorld& world,
                                            const config::Configuration& configuration,
                                            std::string& note) {
  storage::NodeArena::Options options;
  options.capacity = configuration.bytes("volley.arena.size").value;
  if (options.capacity == 0) options.capacity = usable_memory();
  options.slab_bytes = configuration.bytes("volley.arena.slab").value;
  auto own = storage::NodeArena::create(options);
  const int descriptor = own ? own.value().descriptor() : -1;
  auto shared = net::share_on_node(world, descriptor);
  const auto failures = world.allgather(shared.ok() ? 0 : 1, net::MpiScope::world);
  if (!failures) return failures.failure();
  const bool all = std::count(failures.value().begin(), failures.value().end(), 0U) == world.size();
  if (!all) {
    note = fmt::format("ranks of a node cannot share memory ({}): each rank counts as a node",
                       shared ? "on another node" : shared.error());
    const auto regrouped = world.group_nodes(1);
    if (!regrouped) return regrouped.failure();
    return own;
  }
  if (world.leads_node()) return own;
  return storage::NodeArena::attach(std::move(shared).value());
}

}  // namespace volley::launch
