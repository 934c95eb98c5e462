#pragma once
// ContainerLauncher: how a NodeManager starts and signals the members of containers on its rank.
// The composition root injects processes or threads; tests inject a fake. What it started ends in a
// call of NodeManager::container_exited, exactly once.

#include "base/result.hpp"
#include "protocol/cluster_messages.hpp"
#include "worker/memory_limit.hpp"

#include <cstdint>
#include <vector>

namespace volley::worker {

class ContainerLauncher {
 public:
  virtual ~ContainerLauncher() = default;
  /// Starts this rank's member; the process id, or 0 for a thread. The failure says why and what to
  /// do.
  virtual base::Result<std::int64_t> start(const protocol::ContainerLaunch& launch) = 0;
  /// Sends a signal to a member that was started and has not been reported as exited.
  virtual void stop(const base::ContainerId& container, int signal) = 0;
  /// The processes of members and what each holds; members without processes of their own are left
  /// out. Above its limit a member's memory must be known exactly; below, an upper bound will do.
  struct MemberMemory {
    base::ContainerId container;
    std::vector<ProcessMemory> processes;
  };
  struct MemberLimit {
    base::ContainerId container;
    std::uint64_t limit = 0;
  };
  virtual std::vector<MemberMemory> measure(const std::vector<MemberLimit>&) { return {}; }
};

}  // namespace volley::worker
