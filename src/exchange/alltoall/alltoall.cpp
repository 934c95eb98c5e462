#include "exchange/alltoall/alltoall.hpp"

#include "exchange/alltoall/group_handles.hpp"
#include "exchange/alltoall/phased_alltoall.hpp"
#include "net/mpi_handles.hpp"

#include <algorithm>
#include <array>

namespace volley::exchange {
namespace {

/// Collective: what the ranks know of their blocks, put together.
base::Result<ShapeFacts> agree_on_facts(const RankGroup& group, const ExchangeShape& shape) {
  ShapeFacts facts;
  facts.ranks = static_cast<std::uint32_t>(group.size());
  facts.nodes = group.nodes();
  std::array<std::uint64_t, 2> sums{};
  for (std::size_t rank = 0; rank < shape.send_bytes.size(); ++rank) {
    if (rank == static_cast<std::size_t>(group.rank())) continue;
    facts.largest_block = std::max(facts.largest_block, shape.send_bytes[rank]);
    sums[0] += shape.send_bytes[rank];
    sums[1] += shape.send_bytes[rank] != 0 ? 1U : 0U;
  }
  const MPI_Comm communicator = group.handles().communicator;
  int code =
      MPI_Allreduce(MPI_IN_PLACE, &facts.largest_block, 1, MPI_UINT64_T, MPI_MAX, communicator);
  if (code == MPI_SUCCESS) {
    code = MPI_Allreduce(MPI_IN_PLACE, sums.data(), 2, MPI_UINT64_T, MPI_SUM, communicator);
  }
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Allreduce", code);
  facts.total_bytes = sums[0];
  facts.pairs_with_bytes = sums[1];
  return facts;
}

}  // namespace

base::Result<std::unique_ptr<AllToAll>> prepare_alltoall(const RankGroup& group,
                                                         const ExchangeShape& shape,
                                                         const AllToAllOptions& options) {
  const auto ranks = static_cast<std::size_t>(group.size());
  VOLLEY_CHECK(shape.send_bytes.size() == ranks && shape.send_offsets.size() == ranks &&
                   shape.receive_bytes.size() == ranks && shape.receive_offsets.size() == ranks,
               "ranks={}", ranks);
  VOLLEY_CHECK(options.tag < 8000, "tag={}", options.tag);
  const auto facts = agree_on_facts(group, shape);
  if (!facts) return facts.failure();
  Choice choice{options.algorithm, options.window, options.segment};
  if (options.algorithm == Algorithm::automatic) {
    const AlgorithmTable& table =
        options.table != nullptr ? *options.table : AlgorithmTable::built_in();
    choice = table.choose(facts.value());
  }
  const AllToAllParts parts{group, shape, options, choice, facts.value()};
  switch (choice.algorithm) {
    case Algorithm::bruck:
      return make_bruck(parts);
    case Algorithm::node:
      return make_node_aggregated(parts);
    case Algorithm::library:
      return make_library(parts);
    case Algorithm::shuffle:
      return make_shuffle(parts);
    case Algorithm::pairwise:
    case Algorithm::automatic:
      break;
  }
  return make_pairwise(parts);
}

}  // namespace volley::exchange
