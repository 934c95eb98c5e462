#pragma once
// Sources that put partitions of parents together: coalesce, zip, cartesian; and the map task that
// deals records to new partitions.

#include <volley/detail/pipeline.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/detail/shuffle.hpp>
#include <volley/detail/sources.hpp>
#include <volley/types.hpp>

#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

namespace volley::detail {

/// The records of several partitions of one parent, one after another: coalesce, and choices of
/// partitions.
template <class T>
struct GroupsSource {
  using record = T;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const protocol::Dependency& dependency = context.plan().rdd(rdd).dependencies.front();
    for (const std::uint32_t from : dependency.groups.at(partition)) {
      stream<T>(context, dependency.parent, from, emit);
    }
  }
};

/// The owned records of a parent's partition.
template <class T>
BlockOf<T> collect_partition(TaskContext& context, base::RddId rdd, std::uint32_t partition) {
  BlockOf<T> block;
  auto add = [&](auto&& record) {
    block.push_back(to_owned(T(std::forward<decltype(record)>(record))));
  };
  stream<T>(context, rdd, partition, add);
  return block;
}

/// zip: the right side is collected, the left one streams.
template <class T, class U>
struct ZipSource {
  using record = std::pair<owned_t<T>, owned_t<U>>;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto& dependencies = context.plan().rdd(rdd).dependencies;
    BlockOf<U> right = collect_partition<U>(context, dependencies[1].parent, partition);
    std::size_t at = 0;
    auto pair_up = [&](auto&& left) {
      if (at == right.size()) fail();
      emit(record(to_owned(std::forward<decltype(left)>(left)), std::move(right[at++])));
    };
    stream<T>(context, dependencies[0].parent, partition, pair_up);
    if (at != right.size()) fail();
  }

 private:
  [[noreturn]] static void fail() {
    throw std::runtime_error("Can only zip RDDs with same number of elements in each partition");
  }
};

/// cartesian: partition i * m + j pairs partition i of the left with partition j of the m of the
/// right side, which is collected.
template <class T, class U>
struct CartesianSource {
  using record = std::pair<owned_t<T>, owned_t<U>>;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto& dependencies = context.plan().rdd(rdd).dependencies;
    const BlockOf<U> right = collect_partition<U>(context, dependencies[1].parent,
                                                  dependencies[1].groups.at(partition).front());
    auto pair_up = [&](auto&& left) {
      const owned_t<T> kept = to_owned(std::forward<decltype(left)>(left));
      for (const auto& other : right) emit(record(kept, other));
      context.check_stop();
    };
    stream<T>(context, dependencies[0].parent, dependencies[0].groups.at(partition).front(),
              pair_up);
  }
};

/// zip_partitions: f(records of the first parent, of the second, ...) -> range.
template <class F, class U, class... T>
struct ZipPartitionsSource {
  using record = U;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    run_sides(context, rdd, partition, emit, std::index_sequence_for<T...>{});
  }

 private:
  template <class X>
  struct Pull {
    TaskContext& context;
    base::RddId parent;
    std::uint32_t partition;
    template <class Sink>
    void operator()(Sink& sink) const {
      stream<X>(context, parent, partition, sink);
    }
  };
  template <class Emit, std::size_t... I>
  static void run_sides(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit,
                        std::index_sequence<I...>) {
    Operation<F> operation(context, rdd);
    std::tuple<PartitionRecords<T, Pull<T>>...> sides{
        PartitionRecords<T, Pull<T>>(Pull<T>{context, operation.parent(I), partition})...};
    auto&& results = operation.function()(std::get<I>(sides)...);
    for (auto&& result : results) emit(U(std::forward<decltype(result)>(result)));
    if constexpr (has_views<U>) context.views_expire();  // they may view the sides or `results`
  }
};
/// The record type of zip_partitions with function F.
template <class F, class... T>
using zipped_t = element_t<std::remove_reference_t<decltype(std::declval<F&>()(
    std::declval<PartitionRecords<T, ProbeRun>&>()...))>>;

/// Deals the records of P in turn to the reduce partitions, from a start that depends on the map
/// partition only: equal inputs give equal outputs.
template <class P>
void dealing_map_task(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                      std::span<const std::byte> captures, protocol::Bytes&) {
  protocol::Reader in(captures);
  MapTaskHeader header;
  protocol::read(in, header);
  RecordWriter<owned_t<typename P::record>> writer(context, header.reducers);
  std::uint32_t next =
      header.reducers == 0 ? 0 : static_cast<std::uint32_t>(mix64(partition + 1) % header.reducers);
  auto deal = [&](auto&& record) {
    writer.write(next, typename P::record(std::forward<decltype(record)>(record)));
    if (++next == header.reducers) next = 0;
  };
  P::run(context, rdd, partition, header.chained, deal);
  writer.finish();
}

}  // namespace volley::detail
