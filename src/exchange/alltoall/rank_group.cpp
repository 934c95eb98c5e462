#include "exchange/alltoall/rank_group.hpp"

#include "exchange/alltoall/group_handles.hpp"
#include "net/mpi_handles.hpp"

#include <algorithm>
#include <utility>

namespace volley::exchange {

RankGroup::RankGroup() : handles_(std::make_unique<GroupHandles>()) {}
RankGroup::RankGroup(RankGroup&& other) noexcept = default;
RankGroup& RankGroup::operator=(RankGroup&& other) noexcept = default;
RankGroup::~RankGroup() = default;

base::Result<RankGroup> RankGroup::of(const net::MpiWorld& world) {
  auto communicator = net::duplicate_communicator(world.handles().world);
  if (!communicator) return communicator.failure();
  RankGroup group;
  group.handles_->communicator = communicator.value();
  group.rank_ = world.rank();
  group.node_of_rank_ = world.node_of_rank();
  group.nodes_ = world.nodes();
  return group;
}

base::Result<RankGroup> RankGroup::split(int color) const {
  RankGroup group;
  MPI_Comm& communicator = group.handles_->communicator;
  int code = MPI_Comm_split(handles_->communicator, color, rank_, &communicator);
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Comm_split", code);
  MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
  int size = 0;
  MPI_Comm_rank(communicator, &group.rank_);
  MPI_Comm_size(communicator, &size);
  const std::uint64_t node = node_of_rank_[static_cast<std::size_t>(rank_)];
  std::vector<std::uint64_t> nodes(static_cast<std::size_t>(size));
  code = MPI_Allgather(&node, 1, MPI_UINT64_T, nodes.data(), 1, MPI_UINT64_T, communicator);
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Allgather", code);
  group.node_of_rank_ = net::number_nodes(nodes);
  group.nodes_ = 1 + *std::max_element(group.node_of_rank_.begin(), group.node_of_rank_.end());
  return group;
}

void RankGroup::close() {
  if (handles_->communicator != MPI_COMM_NULL) MPI_Comm_free(&handles_->communicator);
}

}  // namespace volley::exchange
