#include "rank0_rm/admission.hpp"

#include "protocol/containers.hpp"
#include "rank0_rm/container_scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace volley::rm {

using base::ByteCount;
using protocol::counted;
using protocol::Submission;

namespace {

/// Takes what master and driver need; false when that is more than there is.
bool place_master_and_driver(ClusterCapacity& idle, const Submission& submission,
                             ByteCount master_memory) {
  if (submission.deploy_mode == protocol::DeployMode::cluster) {
    return place_master(idle, submission.driver_cores, submission.driver_memory,
                        submission.master_label)
        .has_value();
  }
  return place_on(idle, 0, submission.driver_cores, submission.driver_memory).has_value() &&
         place_master(idle, 0, master_memory, submission.master_label).has_value();
}

bool has_label(const ClusterCapacity& capacity, const std::string& label) {
  return label.empty() || std::any_of(capacity.order().begin(), capacity.order().end(),
                                      [&](auto rank) { return capacity.at(rank).label == label; });
}

std::string driver_text(const ClusterCapacity& idle, const Submission& submission) {
  if (!has_label(idle, submission.master_label)) {
    return fmt::format(
        "no rank has the label '{}', which the ApplicationMaster must have "
        "(volley.am.nodeLabelExpression)",
        submission.master_label);
  }
  const bool client_mode = submission.deploy_mode == protocol::DeployMode::client;
  return fmt::format(
      "the driver needs {} and {}; {} has {} and {}", counted(submission.driver_cores, "core"),
      base::format_bytes(submission.driver_memory.value),
      client_mode ? "rank 0" : "the largest rank",
      counted(client_mode ? idle.at(0).slots : idle.largest_rank_slots(), "slot"),
      base::format_bytes(client_mode ? idle.at(0).memory : idle.largest_rank_memory()));
}

std::string executor_text(const ClusterCapacity& beside_master, const Submission& submission) {
  protocol::ContainerAsk one;
  one.cores = std::max(submission.executor_cores, 1U);
  one.memory = submission.executor_memory;
  one.label = submission.executor_label;
  const std::string why = why_not_one(beside_master, one);
  if (why.empty()) return {};
  protocol::ContainerAsk any;
  any.label = submission.executor_label;
  const std::string none = why_not_one(beside_master, any);
  if (!none.empty()) return "no executor can be granted: " + none;
  const ClusterCapacity::Largest largest = beside_master.largest_free(submission.executor_label);
  return fmt::format(
      "no executor can be granted: {}; what fits: {} and {}, overhead included, on one rank "
      "(volley.executor.cores, volley.executor.memory)",
      why, counted(largest.slots, "core"), base::format_bytes(largest.memory));
}

}  // namespace

std::string why_never(const ClusterCapacity& capacity, const Submission& submission,
                      ByteCount master_memory) {
  ClusterCapacity idle = capacity.emptied();
  if (!place_master_and_driver(idle, submission, master_memory)) {
    return driver_text(capacity.emptied(), submission);
  }
  return executor_text(idle, submission);
}

}  // namespace volley::rm
