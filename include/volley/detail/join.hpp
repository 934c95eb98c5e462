#pragma once
// The sides of a join, wherever they come from, and the source of its records.

#include <volley/detail/join_run.hpp>
#include <volley/detail/pipeline.hpp>

#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

/// Hands the batches of a stream to a visitor.
template <class T, class Visit>
class SpanSink final : public BatchSink<T> {
 public:
  explicit SpanSink(Visit& visit) : visit_(visit) {}
  void push(std::span<T> batch) override { visit_(std::span<const T>(batch)); }
  void push_const(std::span<const T> batch) override { visit_(batch); }

 private:
  Visit& visit_;
};

/// One input of a join, of record type R: the records of dependency `index`, from a shuffle or from
/// a parent that is partitioned right.
template <class R>
struct JoinSide {
  using T = owned_t<R>;

  /// visit(std::span<const X>), where X is R or view_t<T>.
  template <class Visit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, std::size_t index,
                  Visit& visit) {
    const protocol::Dependency& dependency = context.plan().rdd(rdd).dependencies.at(index);
    if (dependency.kind == protocol::DependencyKind::shuffle) {
      visit_spans<T>(context, context.chunks(dependency.shuffle, partition), visit);
    } else {
      from_parent(context, dependency.parent, partition, visit);
    }
  }

 private:
  template <class Visit>
  static void from_parent(TaskContext& context, base::RddId parent, std::uint32_t partition,
                          Visit& visit) {
    SpanSink<R, Visit> sink(visit);
    if (!context.keeps(parent, partition)) {
      compute_uncached<R>(context, parent, partition, sink);
      return;
    }
    const auto block = kept_block<R>(context, parent, partition, sink);
    if (!block) return;
    if (!block->row) {
      push_encoded<R>(context, {parent, partition}, *block->encoded, sink);
      return;
    }
    const auto& row = *static_cast<const BlockOf<R>*>(block->row.get());
    if constexpr (std::is_same_v<T, R>) {
      sink.push_const(row);
    } else {
      auto emit = [&](auto&& record) { visit(std::span<const R>(&record, 1)); };
      for (const T& record : row) emit(R(convert<R>(record)));
    }
  }
};

/// Inner join: the left side against a table of the right one.
template <class Left, class Right>
struct JoinSource {
  using K = owned_t<typename Left::first_type>;
  using V = owned_t<typename Left::second_type>;
  using W = owned_t<typename Right::second_type>;
  using record = std::pair<K, std::pair<V, W>>;
  static constexpr auto parts = protocol::PartitionParts::of_first_read;
  static constexpr bool reads_blocks = false;

  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    JoinRun<K, V, W>::join(
        context, 0, [&](auto& visit) { JoinSide<Right>::run(context, rdd, partition, 1, visit); },
        [&](auto& visit) { JoinSide<Left>::run(context, rdd, partition, 0, visit); }, emit);
  }
};

}  // namespace volley::detail
