#pragma once
// The container scheduler: which ranks make up a container. Pure decisions over a ClusterCapacity.
//
// A container of c cores is c slots on ranks of one node: one rank with c free slots where there is
// one, else several ranks of a node; its memory divides over the members by slots. Containers of
// one ask spread: preferred ranks first, then the rank with the fewest slots in use, then the order
// 1, 2, ..., 0. An ask without a label may go to any rank.

#include "protocol/cluster_messages.hpp"
#include "rank0_rm/cluster_capacity.hpp"

#include <optional>
#include <string>
#include <vector>

namespace volley::rm {

using Members = std::vector<protocol::ContainerMember>;

/// Places up to ask.count containers and takes their share of `capacity`. ask.cores is at least 1.
std::vector<Members> place(ClusterCapacity& capacity, const protocol::ContainerAsk& ask);

/// Places one container on `rank` if it fits; 0 cores shares the rank's cores.
std::optional<Members> place_on(ClusterCapacity& capacity, base::Rank rank, std::uint32_t cores,
                                base::ByteCount memory);

/// Places the container of an ApplicationMaster: on the lowest rank other than 0 that has room; on
/// rank 0 only when no other rank could hold it even if idle. With a label: on ranks that have it.
std::optional<Members> place_master(ClusterCapacity& capacity, std::uint32_t cores,
                                    base::ByteCount memory, const std::string& label = {});

/// Why not even one container of `ask` fits into what `capacity` has free: the limit that blocks,
/// with numbers. Empty when one fits.
std::string why_not_one(const ClusterCapacity& capacity, const protocol::ContainerAsk& ask);

/// For people: what was wanted, what was granted, what is free.
std::string why_fewer(const ClusterCapacity& capacity, const protocol::ContainerAsk& ask,
                      std::uint32_t wanted, std::uint32_t granted);

}  // namespace volley::rm
