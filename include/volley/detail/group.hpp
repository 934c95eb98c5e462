#pragma once
// Grouping values by key. Values lie in one array in the order in which they come; a table gives
// each key a number, and a counting sort by these numbers puts the values of a key together. So a
// value costs one probe and one copy, and no list grows.

#include "program/memory_share.hpp"

#include <volley/detail/aggregator.hpp>
#include <volley/detail/emit_ref.hpp>
#include <volley/detail/fold.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace volley::detail {

/// group_by_key; the work is done by GroupRun.
template <class C>
struct GroupFold {
  static constexpr bool combines_before_shuffle = false;
  Nothing& function;
};
template <class Fold>
inline constexpr bool is_group_fold = false;
template <class C>
inline constexpr bool is_group_fold<GroupFold<C>> = true;

/// The values of numbered groups, as an Aggregator collects them.
template <class V>
class GroupCollector {
 public:
  using Number = std::uint32_t;

  /// So many values will come.
  void expect(std::uint64_t values) {
    groups_.reserve(values);
    values_.reserve(values);
  }
  template <class X>
  Number create(X&& value) {
    starts_.push_back(0);
    const auto group = static_cast<Number>(starts_.size() - 1);
    merge(group, std::forward<X>(value));
    return group;
  }
  template <class X>
  void merge(Number group, X&& value) {
    ++starts_[group];
    groups_.push_back(group);
    values_.push_back(convert<V>(std::forward<X>(value)));
    if constexpr (!holds_nothing<V>) held_ += detail::held_bytes(values_.back());
  }
  /// Bytes outside the table, with those of arrange().
  std::size_t held_bytes() const {
    return values_.size() * ((moves_values ? 2 : 1) * sizeof(V) + 2 * sizeof(Number)) +
           starts_.size() * sizeof(Number) + held_;
  }
  bool full() const { return values_.size() > UINT32_MAX - 1024; }

  /// Puts the values of each group together, in the order in which they came.
  void arrange() {
    Number next = 0;
    for (Number& start : starts_) next += std::exchange(start, next);
    if constexpr (moves_values) {
      Row<V> sorted(values_.size());
      for (std::size_t i = 0; i < groups_.size(); ++i) sorted[starts_[groups_[i]]++] = values_[i];
      values_ = std::move(sorted);
    } else {
      order_.resize(values_.size());
      for (std::size_t i = 0; i < groups_.size(); ++i) {
        order_[starts_[groups_[i]]++] = static_cast<Number>(i);
      }
    }
    groups_ = {};
  }
  /// After arrange(): visit(V&) for the values of a group.
  template <class Visit>
  void for_each(Number group, Visit&& visit) {
    for (std::size_t at = begin_of(group); at < starts_[group]; ++at) {
      if constexpr (moves_values) {
        visit(values_[at]);
      } else {
        visit(values_[order_[at]]);
      }
    }
  }
  /// After arrange(): moves them out.
  std::vector<V> take(Number group) {
    if constexpr (moves_values) {
      return std::vector<V>(values_.begin() + static_cast<std::ptrdiff_t>(begin_of(group)),
                            values_.begin() + static_cast<std::ptrdiff_t>(starts_[group]));
    } else {
      std::vector<V> taken;
      taken.reserve(starts_[group] - begin_of(group));
      for_each(group, [&](V& value) { taken.push_back(std::move(value)); });
      return taken;
    }
  }

 private:
  /// Small values are sorted themselves, others by their places.
  static constexpr bool moves_values = holds_nothing<V> && sizeof(V) <= 16 &&
                                       std::is_default_constructible_v<V> &&
                                       !std::is_same_v<V, bool>;

  /// After arrange(), each start is where the group ends.
  std::size_t begin_of(Number group) const { return group == 0 ? 0 : starts_[group - 1]; }

  std::vector<Number> starts_;  ///< by group; until arrange(), how many values it has
  std::vector<Number> groups_;  ///< by value
  Row<V> values_;
  std::vector<Number> order_;
  std::size_t held_ = 0;
};

/// Takes groups to disk when memory is short.
template <class K, class V>
struct SpillGroups {
  TaskContext& context;
  std::uint32_t level;
  GroupCollector<V>& groups;
  std::unique_ptr<FoldSpill<K, V>> spill = nullptr;  ///< null: nothing was taken there yet
  void operator()(AggregationTable<K, std::uint32_t>& table) {
    if (!spill) spill = std::make_unique<FoldSpill<K, V>>(context, level);
    groups.arrange();
    table.for_each([&](const auto& key, std::uint32_t group) {
      groups.for_each(group, [&](const V& value) { spill->add(key, value); });
    });
    groups = {};
    table.clear(true);
  }
};

template <class K, class V>
struct GroupRun {
  /// Groups all records of type R that `run(aggregator)` feeds, and emits pairs of a key and the
  /// vector of its values. More than memory holds goes to disk in parts by the keys' hashes.
  template <class R, class Run, class Emit>
  static void group(TaskContext& context, std::uint32_t level, Run&& run, Emit& emit) {
    GroupCollector<V> groups;
    SpillGroups<K, V> spill_all{context, level, groups};
    {
      program::MemoryShare memory = level < FoldSpill<K, V>::deepest
                                        ? program::MemoryShare(context)
                                        : program::MemoryShare(UINT64_MAX);
      Aggregator<R, std::uint32_t, GroupCollector<V>, SpillGroups<K, V>> aggregator(
          groups, std::move(memory), spill_all);
      const ViewGuard guard(context, aggregator);
      run(aggregator);
      aggregator.flush();
      if (!spill_all.spill) return emit_groups(aggregator.table(), groups, emit);
      spill_all(aggregator.table());
    }
    EmitRef<std::pair<K, std::vector<V>>&&> each(emit);
    for (const auto& chunks : spill_all.spill->take()) group_part(context, level + 1, chunks, each);
  }

 private:
  /// A function of its own, so that the levels are not each another type.
  static void group_part(TaskContext& context, std::uint32_t level,
                         const std::vector<protocol::Chunk>& chunks,
                         EmitRef<std::pair<K, std::vector<V>>&&>& emit) {
    using R = std::pair<K, V>;
    group<view_t<R>>(
        context, level,
        [&](auto& aggregator) { for_each_record<R>(context, std::span(chunks), aggregator); },
        emit);
  }

  template <class Emit>
  static void emit_groups(AggregationTable<K, std::uint32_t>& table, GroupCollector<V>& groups,
                          Emit& emit) {
    groups.arrange();
    expect_records(emit, table.size());
    table.for_each([&](const auto& key, std::uint32_t group) {
      std::pair<K, std::vector<V>> record;
      assign(record.first, key);
      record.second = groups.take(group);
      emit(std::move(record));
    });
  }
};

}  // namespace volley::detail
