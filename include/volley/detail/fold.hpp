#pragma once
// Folds: how the values of one key become one, and how a task folds more keys than it has memory
// for. Then the table goes to disk in parts by the keys' hashes, as often as needed, and each part
// is folded on its own (a grace hash aggregation: Kitsuregawa et al. 1983, Graefe 1993).

#include "program/memory_share.hpp"

#include <volley/detail/aggregator.hpp>
#include <volley/detail/chunk_records.hpp>
#include <volley/detail/emit_ref.hpp>
#include <volley/detail/spill_parts.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace volley::detail {

// V: value type of the input, C: of the result. create(V) -> C; merge(C&, V); combine(C&, C), of
// two results. element_bytes: what the last create or merge put outside C beyond held_bytes().

template <class C, class F>
struct ReduceFold {
  static constexpr bool combines_before_shuffle = true;
  F& function;
  template <class V>
  C create(V&& value) const {
    return convert<C>(std::forward<V>(value));
  }
  template <class V>
  void merge(C& into, V&& value) const {
    if constexpr (std::is_same_v<std::remove_cvref_t<V>, C>) {
      into = function(std::as_const(into), std::as_const(value));
    } else {
      into = function(std::as_const(into), convert<C>(std::forward<V>(value)));
    }
  }
  void combine(C& into, C&& other) const { merge(into, std::move(other)); }
  static std::size_t element_bytes(const C&) { return 0; }
};

/// distinct: there is nothing to fold.
struct DistinctFold {
  static constexpr bool combines_before_shuffle = true;
  Nothing& function;
  Nothing create(Nothing) const { return {}; }
  void merge(Nothing&, Nothing) const {}
  void combine(Nothing&, Nothing) const {}
  static std::size_t element_bytes(Nothing) { return 0; }
};

/// Folds results of `Fold`, which have type C.
template <class Fold, class C>
struct CombineFold {
  Fold& fold;
  template <class V>
  C create(V&& value) const {
    return convert<C>(std::forward<V>(value));
  }
  template <class V>
  void merge(C& into, V&& value) const {
    fold.combine(into, convert<C>(std::forward<V>(value)));
  }
  static std::size_t element_bytes(const C& value) { return Fold::element_bytes(value); }
};
template <class Fold>
inline constexpr bool is_combine_fold = false;
template <class Fold, class C>
inline constexpr bool is_combine_fold<CombineFold<Fold, C>> = true;

/// Flushes an aggregator whose pending records have views before these expire.
template <class A>
class ViewGuard {
 public:
  ViewGuard(TaskContext& context, A& aggregator) : context_(context), aggregator_(aggregator) {
    if constexpr (has_views<typename A::record_type>) {
      context_.on_views_expire(&aggregator_, [this] { aggregator_.flush(); });
    }
  }
  ViewGuard(const ViewGuard&) = delete;
  ViewGuard& operator=(const ViewGuard&) = delete;
  ~ViewGuard() {
    if constexpr (has_views<typename A::record_type>) context_.forget_views(&aggregator_);
  }

 private:
  TaskContext& context_;
  A& aggregator_;
};

/// What did not fit: keys with results or values.
template <class K, class C>
using FoldSpill = SpillParts<std::pair<K, C>>;

/// Takes a table to disk when memory is short. The same type for all that comes after it, so that
/// what feeds tables is compiled once for each type of records.
template <class K, class C>
struct SpillTable {
  TaskContext& context;
  std::uint32_t level;
  std::unique_ptr<FoldSpill<K, C>> spill = nullptr;  ///< null: nothing was taken there yet
  void operator()(AggregationTable<K, C>& table) {
    if (!spill) spill = std::make_unique<FoldSpill<K, C>>(context, level);
    table.for_each([&](const auto& key, const C& value) { spill->add(key, value); });
    table.clear(true);
  }
};

/// Folds all records of type R that `run(aggregator)` feeds, and emits pairs of key and result.
template <class K, class C>
struct FoldRun {
  template <class R, class Fold, class Run, class Emit>
  static void fold(TaskContext& context, Fold& fold, std::uint32_t level, Run&& run, Emit& emit) {
    SpillTable<K, C> spill_all{context, level};
    {
      program::MemoryShare memory = level < FoldSpill<K, C>::deepest
                                        ? program::MemoryShare(context)
                                        : program::MemoryShare(UINT64_MAX);
      Aggregator<R, C, Fold, SpillTable<K, C>> aggregator(fold, std::move(memory), spill_all);
      const ViewGuard guard(context, aggregator);
      run(aggregator);
      aggregator.flush();
      if (!spill_all.spill) return emit_table(aggregator.table(), emit);
      spill_all(aggregator.table());
    }
    EmitRef<const std::pair<K, C>&> each(emit);
    if constexpr (is_combine_fold<Fold>) {
      fold_parts(context, fold, level + 1, *spill_all.spill, each);
    } else {
      CombineFold<Fold, C> combine{fold};
      fold_parts(context, combine, level + 1, *spill_all.spill, each);
    }
  }

 private:
  /// A function of its own, so that the levels are not each another type.
  template <class Combine>
  static void fold_parts(TaskContext& context, Combine& combine, std::uint32_t level,
                         FoldSpill<K, C>& spill, EmitRef<const std::pair<K, C>&>& emit) {
    for (const auto& chunks : spill.take()) {
      fold<view_t<std::pair<K, C>>>(
          context, combine, level,
          [&](auto& aggregator) {
            for_each_record<std::pair<K, C>>(context, std::span(chunks), aggregator);
          },
          emit);
    }
  }

  template <class Emit>
  static void emit_table(AggregationTable<K, C>& table, Emit& emit) {
    expect_records(emit, table.size());
    std::pair<K, C> record;  // one object: long keys reuse its memory
    table.for_each([&](const auto& key, C& value) {
      assign(record.first, key);
      record.second = std::move(value);
      emit(std::as_const(record));
    });
  }
};

}  // namespace volley::detail
