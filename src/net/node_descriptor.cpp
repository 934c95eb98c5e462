#include "net/node_descriptor.hpp"

#include "net/mpi_world.hpp"
#include "net/shared_memory.hpp"
#include "protocol/codec.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace volley::net {

base::Result<PublishedDescriptor> publish_descriptor(int descriptor) {
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) {
    return system_failure(fmt::format("publish descriptor {}", descriptor), errno);
  }
  return PublishedDescriptor{::getpid(), descriptor, about.st_dev, about.st_ino};
}

base::Result<base::Fd> open_published(const PublishedDescriptor& published) {
  const auto path = fmt::format("/proc/{}/fd/{}", published.process, published.descriptor);
  base::Fd opened(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!opened) return system_failure(fmt::format("open another rank's memory at {}", path), errno);
  struct stat about {};
  if (::fstat(opened.get(), &about) != 0 || about.st_dev != published.device ||
      about.st_ino != published.inode) {
    return base::Failure{fmt::format(
        "{} is not the memory that the node's leader published: ranks of this node do not see the "
        "same processes (are they in different pid namespaces?)",
        path)};
  }
  return opened;
}

base::Result<base::Fd> share_on_node(const MpiWorld& world, int descriptor) {
  const base::Rank leader = world.ranks_of_node(world.node()).front();
  protocol::Bytes bytes;
  std::optional<base::Result<base::Fd>> mine;
  if (world.rank() == leader) {
    auto published = publish_descriptor(descriptor);
    if (published) {
      bytes = protocol::encode(published.value());
      mine = duplicate(descriptor);
    } else {
      mine = published.failure();
    }
  }
  if (auto sent = world.broadcast(bytes, leader, MpiScope::node); !sent) return sent.failure();
  if (!mine) {
    const auto published = protocol::decode<PublishedDescriptor>(bytes);
    mine = published ? open_published(*published)
                     : base::Failure{fmt::format("rank {} has no memory to share", leader)};
  }
  auto all = world.allgather(mine->ok() ? 1 : 0, MpiScope::node);
  if (!all) return all.failure();
  if (mine->ok() && std::find(all.value().begin(), all.value().end(), 0U) != all.value().end()) {
    return base::Failure{"another rank of this node cannot open the shared memory"};
  }
  return std::move(*mine);
}

}  // namespace volley::net
