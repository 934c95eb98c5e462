#pragma once
// TaskGroups: the communicators of this rank for tasks that are its threads: net::MpiGroups behind
// the interface that the tasks' side knows. With containers as processes there is nothing to offer.

#include "base/result.hpp"
#include "net/mpi_groups.hpp"
#include "net/mpi_world.hpp"
#include "program/task_group.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace volley::launch {

class TaskGroups final : public program::GroupCommunicators {
 public:
  /// Collective over the world. `threads`: containers are threads.
  static base::Result<TaskGroups> open(const net::MpiWorld& world, bool threads);
  /// Collective over the world.
  void close() {
    if (groups_) groups_->close();
  }
  /// Null when tasks run in processes of their own.
  program::GroupCommunicators* offer() { return groups_ ? this : nullptr; }

  base::Rank rank() const override { return groups_->rank(); }
  const std::string& problem() const override { return groups_->problem(); }
  base::Result<std::unique_ptr<program::GroupCommunicator>> create(
      const std::vector<base::Rank>& ranks, std::uint32_t tag) override;

 private:
  std::optional<net::MpiGroups> groups_;
};

}  // namespace volley::launch
