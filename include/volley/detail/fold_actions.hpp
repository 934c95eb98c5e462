#pragma once
// Actions and sources that fold a partition to one value or to one per key; see actions.hpp.

#include <volley/detail/actions.hpp>
#include <volley/detail/combine_folds.hpp>
#include <volley/detail/fold.hpp>
#include <volley/detail/sources.hpp>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace volley::detail {

template <class C, class F>
struct AggregateAction {
  explicit AggregateAction(protocol::Reader& in) : total(read_total(in)), function(in) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    auto add = [&](auto&& record) { fold_into(function.get(), total, std::as_const(record)); };
    source(add);
    result = protocol::encode(total);
  }
  static C read_total(protocol::Reader& in) {
    C zero{};
    protocol::read(in, zero);
    return zero;
  }
  C total;
  Shipped<F> function;
};

template <class F>
struct ForeachPartitionAction {
  explicit ForeachPartitionAction(protocol::Reader& in) : function(in) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes&) {
    auto pull = [&](auto& sink) { source(sink); };
    PartitionRecords<T, decltype(pull)> records(pull);
    function.get()(records);
  }
  Shipped<F> function;
};

/// The values of each key of the partition, folded.
template <class F>
struct ReduceByKeyAction {
  explicit ReduceByKeyAction(protocol::Reader& in) : function(in) {}
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes& result) {
    using K = owned_t<typename T::first_type>;
    using V = owned_t<typename T::second_type>;
    ReduceFold<V, F> fold{function.get()};
    std::vector<std::pair<K, V>> pairs;
    auto keep = [&](const std::pair<K, V>& pair) { pairs.push_back(pair); };
    FoldRun<K, V>::template fold<T>(
        context, fold, 0, [&](auto& aggregator) { source(aggregator); }, keep);
    result = protocol::encode(pairs);
  }
  Shipped<F> function;
};

/// The records of a partition of P folded by f(record, record); nothing of an empty one.
template <class P, class F>
struct ReducePartitionSource {
  using record = owned_t<typename P::record>;
  using function_type = F;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    Operation<F> operation(context, rdd);
    std::optional<record> total;
    auto add = [&](auto&& one) {
      if (total) {
        *total = record(operation.function()(std::as_const(*total), std::as_const(one)));
      } else {
        total = to_owned(std::forward<decltype(one)>(one));
      }
    };
    operation.template pull<P>(partition, add);
    if (total) emit(std::move(*total));
  }
};

/// The records of a partition of P folded by add(total, record) from a copy of a zero.
template <class P, class C, class F>
struct AggregatePartitionSource {
  using record = C;
  using function_type = Functions<Value<C>, F>;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    Operation<function_type> operation(context, rdd);
    C total = part_of<0>(operation.function()).value;
    auto add = [&](auto&& one) {
      fold_into(part_of<1>(operation.function()), total, std::as_const(one));
    };
    operation.template pull<P>(partition, add);
    emit(std::move(total));
  }
};

}  // namespace volley::detail
