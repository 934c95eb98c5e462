// barrier_mpi DIRECTORY WHAT TASKS: checks the communicators of barrier stages. WHAT: `calls` of
// MPI with at most TASKS tasks, one on a rank; `processes` and `shared`, where the cluster cannot
// offer one; `stuck`, which leaves tasks alone inside MPI and does not return.

#include "../check.hpp"

#include <volley/mpi.hpp>

#include <cstdint>
#include <functional>
#include <future>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using cluster_test::Checks;
using volley::BarrierTask;
using List = std::vector<std::int64_t>;

void need(int code, const char* what) {
  if (code != MPI_SUCCESS) throw std::runtime_error(std::string(what) + " failed");
}

/// Every task's value, by MPI.
List all_gather(MPI_Comm comm, std::int64_t value) {
  int size = 0;
  need(MPI_Comm_size(comm, &size), "MPI_Comm_size");
  List all(static_cast<std::size_t>(size));
  need(MPI_Allgather(&value, 1, MPI_INT64_T, all.data(), 1, MPI_INT64_T, comm), "MPI_Allgather");
  return all;
}

/// rank, size, sum of all tasks' records, and what the others sent by MPI_Alltoall.
struct Collectives {
  template <class Records>
  std::vector<List> operator()(BarrierTask& task, Records& records) const {
    const MPI_Comm comm = volley::mpi_comm(task);
    int rank = -1;
    int size = -1;
    need(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
    need(MPI_Comm_size(comm, &size), "MPI_Comm_size");
    std::int64_t sum = 0;
    records.for_each([&](std::int64_t value) { sum += value; });
    std::int64_t all = 0;
    need(MPI_Allreduce(&sum, &all, 1, MPI_INT64_T, MPI_SUM, comm), "MPI_Allreduce");
    List sent(task.num_tasks());
    std::iota(sent.begin(), sent.end(), 100 * task.partition_id());
    List result(task.num_tasks());
    need(MPI_Alltoall(sent.data(), 1, MPI_INT64_T, result.data(), 1, MPI_INT64_T, comm),
         "MPI_Alltoall");
    result.insert(result.begin(), {rank, size, all});
    return {result};
  }
};

std::vector<List> expected_collectives(std::uint32_t tasks, std::int64_t sum) {
  std::vector<List> expected;
  for (std::int64_t task = 0; task < tasks; ++task) {
    List row{task, tasks, sum};
    for (std::int64_t other = 0; other < tasks; ++other) row.push_back(100 * other + task);
    expected.push_back(row);
  }
  return expected;
}

auto collectives(volley::Context& context, std::uint32_t tasks, std::int64_t last) {
  return context.range(0, last, 1, tasks).barrier().map_partitions(Collectives{});
}

/// Stages of one task to all, one after the other, each with a communicator of its own.
void check_sizes(volley::Context& context, Checks& checks, std::uint32_t most) {
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t tasks = 1; tasks <= most; ++tasks) {
      checks.equal("collectives of " + std::to_string(tasks) + " tasks",
                   collectives(context, tasks, 101).collect(), expected_collectives(tasks, 5050));
    }
  }
}

/// Two stages at a time, which share the ranks between them.
void check_at_once(volley::Context& context, Checks& checks, std::uint32_t most) {
  const std::uint32_t half = most / 2;
  if (half == 0) return;
  for (int round = 0; round < 5; ++round) {
    auto one = collectives(context, half, 11).collect_async();
    auto other = collectives(context, most - half, 101).collect_async();
    checks.equal("the first of two stages", one.get(), expected_collectives(half, 55));
    checks.equal("the second of two stages", other.get(), expected_collectives(most - half, 5050));
  }
}

void check_in_the_middle(volley::Context& context, Checks& checks, std::uint32_t tasks) {
  const auto counts = context.range(0, 1000, 1, 3)
                          .map([](std::int64_t n) {
                            return std::pair{n % 7, 1L};
                          })
                          .reduce_by_key(std::plus<>{}, tasks)
                          .barrier()
                          .map_partitions([](BarrierTask& task, auto& records) {
                            std::int64_t mine = 0;
                            records.for_each([&](const auto& entry) { mine += entry.second; });
                            const List all = all_gather(volley::mpi_comm(task), mine);
                            const auto sum = std::accumulate(all.begin(), all.end(), 0L);
                            return std::vector{std::pair{task.partition_id() % 2, sum}};
                          })
                          .reduce_by_key(std::plus<>{}, 2)
                          .values()
                          .collect();
  checks.equal("between two shuffles", std::accumulate(counts.begin(), counts.end(), 0L),
               1000L * tasks);
}

void check_handle(volley::Context& context, Checks& checks, std::uint32_t tasks) {
  const auto found =
      context.range(0, 10, 1, tasks)
          .barrier()
          .map_partitions([](BarrierTask& task, auto&) {
            const MPI_Comm comm = volley::mpi_comm(task);
            task.barrier();
            const bool same = volley::mpi_comm(task) == comm;
            int code = 0;
            const bool returned = MPI_Send(&code, 1, MPI_INT, static_cast<int>(task.num_tasks()), 0,
                                           comm) != MPI_SUCCESS;
            MPI_Comm half = MPI_COMM_NULL;  // libraries make communicators of their own
            const int color = static_cast<int>(task.partition_id() % 2);
            need(MPI_Comm_split(comm, color, 0, &half), "MPI_Comm_split");
            const auto members = static_cast<int>(all_gather(half, 0).size());
            MPI_Comm_free(&half);
            const int expected = static_cast<int>(task.num_tasks() + (color == 0 ? 1 : 0)) / 2;
            return std::vector<int>{same ? 1 : 0, returned ? 1 : 0, members - expected};
          })
          .collect();
  std::vector<int> expected;
  for (std::uint32_t i = 0; i < tasks; ++i) expected.insert(expected.end(), {1, 1, 0});
  checks.equal("one communicator, whose errors return, to be split", found, expected);
}

/// A task fails when all have the communicator and wait, but not inside MPI: the stage begins anew
/// with another one.
void check_second_attempt(volley::Context& context, Checks& checks, std::uint32_t tasks) {
  const auto attempts = context.range(0, 10, 1, tasks)
                            .barrier()
                            .map_partitions([](BarrierTask& task, auto&) {
                              const MPI_Comm comm = volley::mpi_comm(task);
                              const bool first = task.stage_attempt_number() == 0;
                              if (first && task.partition_id() == 0)
                                throw std::runtime_error("the first time");
                              task.barrier();
                              return all_gather(comm, task.stage_attempt_number());
                            })
                            .collect();
  checks.equal("the second attempt", attempts, List(std::size_t{tasks} * tasks, 1));
}

void check_calls(volley::Context& context, Checks& checks, std::uint32_t tasks) {
  check_sizes(context, checks, tasks);
  check_handle(context, checks, tasks);
  check_in_the_middle(context, checks, tasks);
  check_second_attempt(context, checks, tasks);
  check_at_once(context, checks, tasks);
  check_sizes(context, checks, tasks);
}

void check_refused(volley::Context& context, Checks& checks, std::uint32_t tasks,
                   const std::string& why, const std::string& cure) {
  const auto refused = collectives(context, tasks, 10);
  checks.throws<volley::JobFailed>("refused", why, [&] { refused.count(); });
  checks.throws<volley::JobFailed>("what to do", cure, [&] { refused.count(); });
  checks.throws<volley::JobFailed>("at once", "in stage 2.0 failed 1 times",
                                   [&] { refused.count(); });
  const auto still =
      context.range(0, 10, 1, tasks).barrier().map_partitions([](BarrierTask& task, auto&) {
        return task.all_gather(task.partition_id());
      });
  checks.equal("stages without MPI", still.count(), std::int64_t{tasks} * tasks);
}

/// Task 0 fails; the others wait for it for ever.
void get_stuck(volley::Context& context, std::uint32_t tasks) {
  context.range(0, 10, 1, tasks)
      .barrier()
      .map_partitions([](BarrierTask& task, auto&) {
        const MPI_Comm comm = volley::mpi_comm(task);
        if (task.partition_id() == 0) throw std::runtime_error("task 0 leaves the others alone");
        need(MPI_Barrier(comm), "MPI_Barrier");
        return std::vector<int>{};
      })
      .count();
}

}  // namespace

int barrier_mpi(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 3) {
    std::cerr << "usage: barrier_mpi DIRECTORY calls|processes|shared|stuck TASKS\n";
    return 2;
  }
  Checks checks(args[0]);
  const auto tasks = static_cast<std::uint32_t>(std::stoul(args[2]));
  if (args[1] == "calls") check_calls(context, checks, tasks);
  if (args[1] == "processes") {
    check_refused(context, checks, tasks, "run in container processes", "--isolation none");
  }
  if (args[1] == "shared") {
    check_refused(context, checks, tasks, "both run on rank", "volley.rank.slots=1");
  }
  if (args[1] == "stuck") get_stuck(context, tasks);
  return checks.report();
}
VOLLEY_APPLICATION(barrier_mpi)
