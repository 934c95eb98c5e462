#include "bench/files.hpp"

#include "base/units.hpp"
#include "config/environment.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <map>
#include <vector>

namespace volley::bench {

std::string directory_of(const Options& options) {
  if (!options.directory.empty()) return options.directory;
  return config::scratch_directory({}, config::Environment::of_process());
}

Shortage find_shortage(std::span<const FileSystem> ranks, std::uint64_t bytes) {
  std::map<std::uint64_t, std::uint64_t> sharers;
  for (const FileSystem& each : ranks) ++sharers[each.identity];
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const std::uint64_t count = sharers[ranks[rank].identity];
    if (ranks[rank].available / count < bytes) return {rank, count};
  }
  return {};
}

base::Result<std::string> no_room(const net::MpiWorld& world, const Options& options) {
  const std::string directory = directory_of(options);
  struct statvfs status {};
  const bool there =
      ::statvfs(directory.c_str(), &status) == 0 && ::access(directory.c_str(), W_OK | X_OK) == 0;
  FileSystem own;
  own.identity = status.f_fsid;
  own.available = there ? std::uint64_t{status.f_bavail} * status.f_frsize : 0;
  const auto identities = world.allgather(own.identity, net::MpiScope::world);
  if (!identities) return identities.failure();
  const auto available = world.allgather(own.available, net::MpiScope::world);
  if (!available) return available.failure();
  const auto found = world.allgather(there ? 1 : 0, net::MpiScope::world);
  if (!found) return found.failure();
  std::vector<FileSystem> ranks;
  for (std::size_t rank = 0; rank < found.value().size(); ++rank) {
    if (found.value()[rank] == 0) {
      return fmt::format("--directory {}: rank {} has no such directory to write to", directory,
                         rank);
    }
    ranks.push_back({identities.value()[rank], available.value()[rank]});
  }
  const Shortage shortage = find_shortage(ranks, options.largest);
  if (shortage.sharers == 0) return std::string{};
  return fmt::format(
      "{} has {} free on rank {}, and {} ranks with a file of {} each share it; lower --max or "
      "give another --directory",
      directory, base::format_bytes(ranks[shortage.rank].available), shortage.rank,
      shortage.sharers, base::format_bytes(options.largest));
}

}  // namespace volley::bench
