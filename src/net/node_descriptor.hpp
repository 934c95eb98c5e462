#pragma once
// Shares one open file (a memfd) between the ranks of a node: the leader publishes where it holds
// it, the others open it through /proc. Works for processes of one user in one pid namespace.

#include "base/fd.hpp"
#include "base/result.hpp"

#include <sys/types.h>

#include <cstdint>

namespace volley::net {

class MpiWorld;

/// Where an open file is, and which one it must turn out to be: in another pid namespace the same
/// number is another process.
struct PublishedDescriptor {
  std::int64_t process = 0;
  std::int64_t descriptor = -1;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

/// Describes a descriptor of this process.
base::Result<PublishedDescriptor> publish_descriptor(int descriptor);
/// Opens what another process published; the publisher must still hold it.
base::Result<base::Fd> open_published(const PublishedDescriptor& published);

/// Collective over the node. The leader passes its descriptor, the others anything. Everyone gets a
/// descriptor of its own, or everyone fails: then the ranks of this node must not share memory. The
/// leader may close its own afterwards.
base::Result<base::Fd> share_on_node(const MpiWorld& world, int descriptor);

}  // namespace volley::net
