#pragma once
// A communicator of an MPI library for the tasks of a barrier stage, as the tasks' side knows it:
// an untyped handle, since only src/net and the public volley/mpi.hpp know MPI's types. Ranks whose
// containers are threads of their own process (volley.isolation none) can offer it.

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/driver_messages.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace volley::program {

/// One task's end of a communicator. Its destructor frees nothing: where a task has failed, others
/// may still be inside a call, and what they send must not be taken for that of a later
/// communicator.
class GroupCommunicator {
 public:
  virtual ~GroupCommunicator() = default;
  /// Points to an MPI_Comm.
  virtual const void* handle() const = 0;
  /// By all tasks, when none has calls to make any more.
  virtual void free() = 0;
};

/// What a rank offers to the tasks that run as its threads. From any thread.
class GroupCommunicators {
 public:
  virtual ~GroupCommunicators() = default;
  virtual base::Rank rank() const = 0;
  /// Why this rank's tasks can have none after all; empty: they can.
  virtual const std::string& problem() const = 0;
  /// By one thread of each of the ranks at once, all with the same arguments. ranks[i] becomes rank
  /// i of the communicator. Calls that go on at the same time on a rank differ in their tags, which
  /// are from 0 to largest_group_tag.
  virtual base::Result<std::unique_ptr<GroupCommunicator>> create(
      const std::vector<base::Rank>& ranks, std::uint32_t tag) = 0;
};

/// The task wants what this cluster does not have; another attempt would not get it either.
class TaskRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr std::uint32_t largest_group_tag = 32767;

/// Differs between stage attempts that can go on at the same time.
std::uint32_t group_tag(const protocol::TaskAttempt& attempt);

/// What forbids a communicator of tasks that run on these ranks, by partition; empty: nothing.
std::string shared_rank_problem(const std::vector<base::Rank>& ranks, base::StageId stage);

/// Why tasks of container processes have none.
std::string no_communicators_text();

}  // namespace volley::program
