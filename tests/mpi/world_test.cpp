// MpiWorld and the sharing of memory between the ranks of a node.

#include "check.hpp"
#include "net/mpi_world.hpp"
#include "net/node_descriptor.hpp"
#include "net/shared_memory.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace {

using volley::base::Rank;
using volley::net::MpiScope;
using volley::net::MpiWorld;
using volley::net::SharedMemory;
using volley::protocol::Bytes;
using volley::tests::need;
using volley::tests::pattern;

void test_facts(const MpiWorld& world) {
  VOLLEY_CHECK(world.size() == 3, "run this on 3 ranks, not {}", world.size());
  VOLLEY_CHECK(world.rank() >= 0 && world.rank() < 3, "rank={}", world.rank());
  VOLLEY_CHECK(!world.launch_mistake(), "{}", *world.launch_mistake());
  VOLLEY_CHECK(!world.library().empty() && world.library().find('\n') == std::string::npos,
               "\"{}\"", world.library());
  VOLLEY_CHECK(!world.host().empty(), "no host name");
  VOLLEY_CHECK(!world.transport_name().empty(), "no transport name");
}

void test_groups(MpiWorld& world) {
  need(world.group_nodes(2));
  VOLLEY_CHECK((world.node_of_rank() == std::vector<std::uint32_t>{0, 0, 1}), "nodes={}",
               world.nodes());
  VOLLEY_CHECK((world.ranks_of_node(0) == std::vector<Rank>{0, 1}), "ranks of node 0");
  VOLLEY_CHECK(world.leads_node() == (world.rank() != 1), "rank={}", world.rank());
  const auto members =
      need(world.allgather(static_cast<std::uint64_t>(world.rank()), MpiScope::node));
  VOLLEY_CHECK(members.size() == world.ranks_of_node(world.node()).size(), "{}", members.size());
  // These ranks share the cores and the memory of a host, however it is cut into nodes.
  VOLLEY_CHECK(need(world.allgather(0, MpiScope::host)).size() == 3, "ranks of the host");
}

void test_helpers(const MpiWorld& world) {
  const auto own = static_cast<std::uint64_t>(world.rank());
  const auto all = need(world.allgather(own * 10, MpiScope::world));
  VOLLEY_CHECK((all == std::vector<std::uint64_t>{0, 10, 20}), "allgather");
  Bytes bytes = world.rank() == 2 ? pattern(1, 100'000) : Bytes(3);
  need(world.broadcast(bytes, 2, MpiScope::world));
  VOLLEY_CHECK(bytes == pattern(1, 100'000), "broadcast over the world");
  const Rank leader = world.ranks_of_node(world.node()).front();
  Bytes small = pattern(own, world.rank() == leader ? 10 : 0);
  need(world.broadcast(small, leader, MpiScope::node));
  VOLLEY_CHECK(small == pattern(static_cast<std::uint64_t>(leader), 10), "broadcast over the node");
}

/// Each rank writes its own byte; all of the node see all bytes.
void test_sharing(const MpiWorld& world) {
  volley::base::Fd made;
  if (world.leads_node()) made = need(SharedMemory::create("world-test", 4096));
  const auto shared = need(volley::net::share_on_node(world, made.get()));
  made.reset();
  const SharedMemory memory = need(SharedMemory::map(shared.get()));
  memory.data()[world.rank()] = static_cast<std::byte>(world.rank() + 1);
  need(world.allgather(0, MpiScope::node));
  for (Rank rank = 0; rank < world.size(); ++rank) {
    const auto same = world.node_of_rank().at(static_cast<std::size_t>(rank)) == world.node();
    VOLLEY_CHECK(memory.data()[rank] == static_cast<std::byte>(same ? rank + 1 : 0), "rank={}",
                 rank);
  }
  const auto none = volley::net::share_on_node(world, -1);
  VOLLEY_CHECK(!none.ok() && !none.error().empty(), "sharing nothing must fail for everyone");
}

}  // namespace

int main() {
  MpiWorld world = need(MpiWorld::start());
  VOLLEY_CHECK(world.nodes() == 3, "ungrouped ranks are nodes of their own: {}", world.nodes());
  test_facts(world);
  test_groups(world);
  test_helpers(world);
  test_sharing(world);
  need(world.group_nodes(0));
  if (world.rank() == 0) {
    std::printf("world_test passed: %s; %s; %u node(s)\n", world.library().c_str(),
                world.transport_name().c_str(), world.nodes());
  }
  VOLLEY_CHECK(world.finalize(), "rank={}", world.rank());
  return 0;
}
