#pragma once
// ContainerLauncher: how a NodeManager starts and signals the members of containers on its rank.
// The composition root injects processes or threads; tests inject a fake. What it started ends in a
// call of NodeManager::container_exited, exactly once.

#include "base/result.hpp"
#include "protocol/cluster_messages.hpp"

#include <cstdint>

namespace volley::worker {

class ContainerLauncher {
 public:
  virtual ~ContainerLauncher() = default;
  /// Starts this rank's member; the process id, or 0 for a thread. The failure says why and what to
  /// do.
  virtual base::Result<std::int64_t> start(const protocol::ContainerLaunch& launch) = 0;
  /// Sends a signal to a member that was started and has not been reported as exited.
  virtual void stop(const base::ContainerId& container, int signal) = 0;
};

}  // namespace volley::worker
