// MpiGroups: communicators of changing ranks, made and used by threads beside the one that serves.

#include "check.hpp"
#include "net/mpi_groups.hpp"
#include "net/mpi_world.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

using volley::base::Rank;
using volley::net::MpiGroup;
using volley::net::MpiGroups;
using volley::net::MpiWorld;
using volley::tests::need;

MPI_Comm comm_of(const MpiGroup& group) { return *static_cast<const MPI_Comm*>(group.handle()); }

/// The world's ranks of the members, as the communicator numbers them.
void check_members(const MpiGroup& group, const std::vector<Rank>& ranks, Rank self) {
  std::vector<Rank> found(ranks.size(), -1);
  const int code = MPI_Allgather(&self, 1, MPI_INT, found.data(), 1, MPI_INT, comm_of(group));
  VOLLEY_CHECK(code == MPI_SUCCESS && found == ranks, "{} members, code {}", ranks.size(), code);
}

void use(const MpiGroups& groups, const std::vector<Rank>& ranks, std::uint32_t tag, bool frees) {
  if (std::find(ranks.begin(), ranks.end(), groups.rank()) == ranks.end()) return;
  MpiGroup group = need(groups.create(ranks, tag));
  check_members(group, ranks, groups.rank());
  if (frees) group.free();
}

/// All ranks but one, from the highest down, for every one; what is not freed is in nobody's way.
void test_changing(const MpiGroups& groups, int size) {
  for (int round = 0; round < 20; ++round) {
    std::vector<Rank> ranks;
    for (Rank rank = size - 1; rank >= 0; --rank) {
      if (size == 1 || rank != round % size) ranks.push_back(rank);
    }
    use(groups, ranks, static_cast<std::uint32_t>(round), round % 3 != 0);
  }
}

/// Two threads of every rank make communicators at the same time, of other ranks and in any order.
void test_at_once(const MpiGroups& groups, int size) {
  std::vector<Rank> upwards;
  for (Rank rank = 0; rank < size; ++rank) upwards.push_back(rank);
  const std::vector<Rank> downwards(upwards.rbegin(), upwards.rend());
  const auto work = [&](const std::vector<Rank>& ranks, std::uint32_t tag) {
    for (std::uint32_t i = 0; i < 20; ++i) use(groups, ranks, tag + i * 8, true);
  };
  std::thread one([&] { work(upwards, 16); });
  std::thread other([&] { work(downwards, 32767 - 20 * 8); });
  one.join();
  other.join();
}

}  // namespace

int main(int argc, char**) {
  // With an argument the world is one that only one thread may call.
  const auto threads =
      argc > 1 ? volley::net::MpiThreads::several : volley::net::MpiThreads::callers;
  MpiWorld world = need(MpiWorld::start(threads));
  MpiGroups groups = need(MpiGroups::open(world));
  if (argc > 1) {
    VOLLEY_CHECK(groups.problem().find("MPI_THREAD_MULTIPLE") != std::string::npos, "\"{}\"",
                 groups.problem());
  } else {
    VOLLEY_CHECK(groups.problem().empty(), "{}", groups.problem());
    std::thread([&] { test_changing(groups, world.size()); }).join();
    test_at_once(groups, world.size());
  }
  groups.close();
  const Rank rank = world.rank();
  VOLLEY_CHECK(world.finalize(), "not all ranks came to the end");
  if (rank == 0) std::puts("ok");
  return 0;
}
