#pragma once
// NodeFiles: the files of volley.files on this node. Rank 0 reads them and broadcasts them; the
// leader of each node keeps them as nameless files in the scratch directory, gone with the
// processes that hold them whatever ends those. The other ranks of the node open them through /proc
// and hold them, too, in case the leader dies; containers open those of their rank.

#include "base/fd.hpp"
#include "base/result.hpp"
#include "net/mpi_world.hpp"

#include <string>
#include <vector>

namespace volley::launch {

/// Tells containers where the files are: "name=path" lines.
inline constexpr const char* node_files_variable = "VOLLEY_NODE_FILES";

class NodeFiles {
 public:
  /// Collective over the world. `list`: paths separated by commas, read on rank 0. Fails on every
  /// rank when one cannot be read or kept; rank 0's text says which and why.
  static base::Result<NodeFiles> distribute(const net::MpiWorld& world, const std::string& list,
                                            const std::string& scratch);

  /// The value of node_files_variable on this node; empty without files.
  const std::string& listing() const { return listing_; }

 private:
  std::vector<base::Fd> kept_;
  std::string listing_;
};

}  // namespace volley::launch
