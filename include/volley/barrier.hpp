#pragma once
// Barrier stages: tasks that start together, wait for each other and exchange values, as the ranks
// of an MPI program do. All tasks of a stage have to make the same calls in the same order. When
// one task fails, the stage begins anew with all of them.

#include <volley/closure.hpp>
#include <volley/detail/pipeline.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/detail/sources.hpp>

#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace volley {

/// The other tasks of a barrier stage, as one of them sees them. Calls block until all tasks have
/// made them; they throw std::runtime_error, which fails the stage, when the tasks call different
/// ones or when volley.barrier.sync.timeout passes. Values are of any type that a shuffle can
/// carry.
class BarrierTask {
 public:
  BarrierTask(program::TaskContext& context, std::uint32_t tasks)
      : context_(context), tasks_(tasks) {}
  BarrierTask(const BarrierTask&) = delete;
  BarrierTask& operator=(const BarrierTask&) = delete;

  /// This task's partition, from 0 to num_tasks() - 1.
  std::uint32_t partition_id() const { return context_.attempt().partition; }
  std::uint32_t num_tasks() const { return tasks_; }
  /// How often the stage began before, because a task failed or an input was lost.
  std::uint32_t stage_attempt_number() const { return context_.attempt().stage_attempt; }

  void barrier() { context_.barrier("barrier", {}); }
  /// Every task's value, by partition.
  template <class T>
  std::vector<T> all_gather(const T& value) {
    return gather<T>("all_gather", value);
  }
  /// The values of all tasks, combined by f from the first to the last partition.
  template <class T, class F>
  T all_reduce(const T& value, F&& f) {
    std::vector<T> all = gather<T>("all_reduce", value);
    T result = std::move(all.front());
    for (std::size_t i = 1; i < all.size(); ++i) result = f(std::move(result), std::move(all[i]));
    return result;
  }
  /// values[i] goes to task i; returns what each task sent to this one. Throws
  /// std::invalid_argument unless there are num_tasks() values.
  template <class T>
  std::vector<T> all_to_all(const std::vector<T>& values) {
    if (values.size() != tasks_) {
      throw std::invalid_argument("all_to_all: " + std::to_string(values.size()) + " values for " +
                                  std::to_string(tasks_) + " tasks");
    }
    std::vector<T> mine;
    for (auto& sent : gather<std::vector<T>>("all_to_all", values)) {
      mine.push_back(std::move(sent[partition_id()]));
    }
    return mine;
  }
  /// The value of task `root`.
  template <class T>
  T broadcast(const T& value, std::uint32_t root = 0) {
    if (root >= tasks_) throw std::invalid_argument("broadcast: no task " + std::to_string(root));
    const bool mine = partition_id() == root;
    const auto all = context_.barrier("broadcast from " + std::to_string(root),
                                      mine ? protocol::encode(value) : protocol::Bytes{});
    return decode<T>(*all.at(root));
  }
  /// For volley/mpi.hpp: points to the MPI_Comm of the tasks.
  const void* mpi_handle() { return context_.group_communicator(); }

 private:
  template <class T>
  static T decode(const protocol::Bytes& bytes) {
    auto value = protocol::decode<T>(bytes);
    if (!value) throw std::runtime_error("the tasks of a barrier exchange values of other types");
    return std::move(*value);
  }
  template <class T>
  std::vector<T> gather(const char* operation, const T& value) {
    std::vector<T> all;
    for (const auto& bytes : context_.barrier(operation, protocol::encode(value))) {
      all.push_back(decode<T>(*bytes));
    }
    return all;
  }

  program::TaskContext& context_;
  std::uint32_t tasks_;
};

namespace detail {

/// map_partitions of a barrier stage: f(task, records) -> range.
template <class P, class F, class U>
struct BarrierSource {
  using record = U;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    BarrierTask task(context, context.plan().rdd(rdd).partitions);
    const auto call = [&](auto& f, auto& records) -> decltype(auto) { return f(task, records); };
    emit_partition<P, F, U>(context, rdd, partition, emit, call);
    context.leave_group();
  }
};
template <class P, class F>
using barrier_source =
    BarrierSource<P, F,
                  element_t<std::remove_reference_t<decltype(std::declval<F&>()(
                      std::declval<BarrierTask&>(),
                      std::declval<PartitionRecords<typename P::record, ProbeRun>&>()))>>>;

}  // namespace detail

/// An RDD whose next operation starts the tasks of its stage together: rdd.barrier().
template <class T, class P>
class RddBarrier {
 public:
  using Where = std::source_location;
  explicit RddBarrier(Rdd<T, P> rdd) : rdd_(std::move(rdd)) {}

  /// f(task, records) -> range, once per partition, also for empty ones; `task` is a BarrierTask&,
  /// `records` as for Rdd::map_partitions. The stage needs a slot for every partition at once. Its
  /// partitions have to be those of its inputs: actions on some of them (take, first) are refused.
  template <class F>
  auto map_partitions(F f, Where where = Where::current()) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using Q = detail::Pipe<detail::barrier_source<P, F>>;
    const program::LineagePtr& parent = rdd_.lineage();
    auto captures = detail::pack_operation(rdd_.chained(), f,
                                           detail::name_call("barrier map_partitions", where));
    auto node = detail::make_lineage(parent->core(), "barrier map_partitions", parent->partitions(),
                                     {detail::one_to_one(parent)}, {parent},
                                     detail::compute_closure<Q>(std::move(captures)), {}, {}, where,
                                     {.barrier = true});
    return Rdd<typename Q::record, Q>(std::move(node), true);
  }

 private:
  Rdd<T, P> rdd_;
};

}  // namespace volley
