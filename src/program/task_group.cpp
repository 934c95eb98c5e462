#include "program/task_group.hpp"

#include "program/task_context.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

namespace volley::program {

std::uint32_t group_tag(const protocol::TaskAttempt& attempt) {
  constexpr std::uint32_t attempts = 8;
  return (attempt.stage * attempts + attempt.stage_attempt % attempts) % (largest_group_tag + 1);
}

std::string shared_rank_problem(const std::vector<base::Rank>& ranks, base::StageId stage) {
  std::unordered_map<base::Rank, std::size_t> first;
  for (std::size_t task = 0; task < ranks.size(); ++task) {
    const auto [found, fresh] = first.try_emplace(ranks[task], task);
    if (fresh) continue;
    return fmt::format(
        "mpi_comm: tasks {} and {} of stage {} both run on rank {}, but a communicator has one "
        "task per rank. Start the cluster with volley.rank.slots=1, so that no two tasks meet on a "
        "rank, and give the stage at most as many partitions as there are ranks",
        found->second, task, stage, ranks[task]);
  }
  return {};
}

std::string no_communicators_text() {
  return "mpi_comm: the tasks of this cluster run in container processes, which are not part of "
         "the MPI job. Start it with --isolation none (volley.isolation=none), so that they are "
         "threads of the ranks";
}

const void* TaskContext::group_communicator() {
  if (group_) return group_->handle();
  GroupCommunicators* const offer = services_.communicators();
  if (offer == nullptr) throw TaskRefused(no_communicators_text());
  if (!offer->problem().empty()) throw TaskRefused("mpi_comm: " + offer->problem());
  std::vector<base::Rank> ranks;
  for (const auto& bytes : barrier("mpi_comm", protocol::encode(offer->rank()))) {
    const auto rank = protocol::decode<base::Rank>(*bytes);
    VOLLEY_CHECK(rank.has_value(), "a rank of {} bytes does not decode", bytes->size());
    ranks.push_back(*rank);
  }
  const protocol::TaskAttempt& attempt = task_.attempt;
  const std::string problem = shared_rank_problem(ranks, attempt.stage);
  if (!problem.empty()) throw TaskRefused(problem);
  services_.enter_group(attempt, stop_);
  auto made = offer->create(ranks, group_tag(attempt));
  if (!made) throw std::runtime_error("mpi_comm: " + made.error());
  group_ = std::move(made).value();
  return group_->handle();
}

void TaskContext::leave_group() {
  if (!group_) return;
  barrier("end of mpi_comm", {});
  group_->free();
  group_.reset();
  services_.leave_group(task_.attempt.task);
}

}  // namespace volley::program
