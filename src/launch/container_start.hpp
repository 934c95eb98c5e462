#pragma once
// ContainerStart: what a rank tells a container that it starts, as the first frame of their link;
// and how a container process knows that it is one.

#include "base/log.hpp"
#include "protocol/cluster_messages.hpp"
#include "storage/node_arena.hpp"

#include <cstdint>
#include <string>

namespace volley::launch {

/// Set in a container process to the process id of its rank.
inline constexpr const char* container_variable = "VOLLEY_CONTAINER";
/// Descriptors that a container process inherits.
inline constexpr int link_memory_descriptor = 3;
inline constexpr int link_wake_self_descriptor = 4;
inline constexpr int link_wake_peer_descriptor = 5;
inline constexpr int arena_descriptor = 6;
/// Only when the arena has slabs on disk.
inline constexpr int arena_disk_descriptor = 7;

struct ContainerStart {
  protocol::ContainerLaunch launch;
  base::Rank rank = base::no_rank;
  std::string host;
  storage::NodeArena::Owner arena_owner = 0;
  base::LogLevel log_level = base::LogLevel::info;
};

}  // namespace volley::launch
