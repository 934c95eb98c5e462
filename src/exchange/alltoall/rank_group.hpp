#pragma once
// RankGroup: ranks that exchange with each other, numbered from 0, and which node each is on. Holds
// a communicator of its own, so that its messages meet no others. Made by collective functions;
// destroying it frees nothing, so that a rank can leave after others have died.

#include "base/result.hpp"
#include "net/mpi_world.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace volley::exchange {

struct GroupHandles;

class RankGroup {
 public:
  /// All ranks, on the nodes that the world knows. Collective over the world.
  static base::Result<RankGroup> of(const net::MpiWorld& world);
  /// The ranks of this group with the same `color`, in the same order. Collective over this group.
  base::Result<RankGroup> split(int color) const;
  /// Frees the communicator. Collective over this group.
  void close();

  RankGroup(RankGroup&& other) noexcept;
  RankGroup& operator=(RankGroup&& other) noexcept;
  ~RankGroup();

  int rank() const { return rank_; }
  int size() const { return static_cast<int>(node_of_rank_.size()); }
  /// Nodes are counted from 0 in order of their lowest rank.
  const std::vector<std::uint32_t>& node_of_rank() const { return node_of_rank_; }
  std::uint32_t nodes() const { return nodes_; }
  const GroupHandles& handles() const { return *handles_; }

 private:
  RankGroup();

  std::unique_ptr<GroupHandles> handles_;
  int rank_ = 0;
  std::vector<std::uint32_t> node_of_rank_;
  std::uint32_t nodes_ = 1;
};

}  // namespace volley::exchange
