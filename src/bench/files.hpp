#pragma once
// Where the files of `volley bench io` go, and whether there is room for them. Measuring:
// session.hpp.

#include "base/result.hpp"
#include "bench/options.hpp"
#include "net/mpi_world.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace volley::bench {

/// The options' directory, or the scratch directory of this process.
std::string directory_of(const Options& options);

/// A file system as a rank sees it; ranks with the same identity share it, also across nodes.
struct FileSystem {
  std::uint64_t identity = 0;
  std::uint64_t available = 0;
};

/// The first rank whose file system cannot hold a file of `bytes` for everyone who shares it, and
/// how many do; sharers 0 when all have room.
struct Shortage {
  std::size_t rank = 0;
  std::uint64_t sharers = 0;
};
Shortage find_shortage(std::span<const FileSystem> ranks, std::uint64_t bytes);

/// Collective over the world: what is wrong with the directory, the same text on all ranks; empty
/// when all is well.
base::Result<std::string> no_room(const net::MpiWorld& world, const Options& options);

}  // namespace volley::bench
