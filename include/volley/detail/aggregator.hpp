#pragma once
// Aggregator: folds records into an AggregationTable in batches, so that the cache misses of a
// batch overlap (its slots are prefetched together), and hands the table on when memory is short.

#include "program/memory_share.hpp"
#include "protocol/codec.hpp"

#include <volley/detail/aggregation_table.hpp>
#include <volley/detail/held_bytes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace volley::detail {

/// A few records on their way to a table.
template <class R>
class RecordBatch {
 public:
  static constexpr std::size_t capacity = 64;
  RecordBatch() { records_.reserve(capacity); }
  template <class X>
  void push(X&& record) {
    records_.push_back(std::forward<X>(record));
  }
  bool full() const { return records_.size() == capacity; }
  std::span<R> records() { return records_; }
  void clear() { records_.clear(); }

 private:
  std::vector<R> records_;
};
template <class R>
requires protocol::is_bitwise_v<R>
class RecordBatch<R> {
 public:
  static constexpr std::size_t capacity = 64;
  void push(const R& record) { place_record<R>(at(size_++), record); }
  bool full() const { return size_ == capacity; }
  std::span<R> records() { return {static_cast<R*>(at(0)), size_}; }
  void clear() { size_ = 0; }

 private:
  void* at(std::size_t index) { return bytes_.data() + index * sizeof(R); }
  alignas(R) std::array<std::byte, capacity * sizeof(R)> bytes_;
  std::size_t size_ = 0;
};

/// `R` is the record type (a pair, possibly of views), `Fold` as in fold.hpp; one that keeps values
/// itself has held_bytes() and full(), which says that it can take no more. When the table needs
/// more than its share of the memory, on_full(table) is called, which empties it.
template <class R, class C, class Fold, class OnFull>
class Aggregator {
 public:
  using record_type = R;
  using K = owned_t<typename R::first_type>;
  using Table = AggregationTable<K, C>;

  Aggregator(Fold& fold, program::MemoryShare memory, OnFull& on_full)
      : fold_(fold),
        memory_(std::move(memory)),
        limit_(memory_.limit()),
        cached_(std::min<std::uint64_t>(cached_bytes, limit_ / 8)),
        on_full_(on_full) {
    table_.set_early_bytes(std::min<std::uint64_t>(early_bytes, limit_ / 8));
  }

  /// So many records will come, of at least so many keys.
  void expect(std::uint64_t records, std::uint64_t keys) {
    if (keys * Table::bytes_per_entry < limit_ / 2) table_.reserve(keys);
    if constexpr (requires { fold_.expect(records); }) {
      constexpr std::uint64_t bytes_per_record = sizeof(typename R::second_type) + 8;
      fold_.expect(std::min(records, limit_ / 2 / bytes_per_record));
    }
  }

  template <class X>
  void operator()(X&& record) {
    if (one_by_one_) {
      fold_one(std::forward<X>(record), hash_key(record.first));
      if (--direct_left_ == 0) [[unlikely]]
        check_memory();
      return;
    }
    if (table_.dense()) {
      table_.prefetch(record.first, 0);
    } else {
      const std::uint64_t hash = hash_key(record.first);
      table_.prefetch(record.first, hash);
      hashes_[batch_.records().size()] = hash;
    }
    batch_.push(std::forward<X>(record));
    if (batch_.full()) flush();
  }
  /// Records that stay where they are until this returns.
  void fold(std::span<const R> records) {
    flush();
    constexpr std::size_t step = RecordBatch<R>::capacity;
    for (; !records.empty(); records = records.subspan(std::min(step, records.size()))) {
      fold_batch(records.first(std::min(step, records.size())));
    }
  }
  void flush() {
    fold_hashed(batch_.records());
    batch_.clear();
  }
  Table& table() { return table_; }

 private:
  static constexpr std::size_t cached_bytes = 256U << 10U;
  static constexpr std::size_t early_bytes = std::size_t{16} << 20U;

  std::size_t held() const {
    if constexpr (requires { fold_.held_bytes(); }) {
      return fold_.held_bytes();
    } else {
      return held_;
    }
  }

  template <class Record>
  void fold_batch(std::span<Record> records) {
    const bool dense = table_.dense();
    for (std::size_t i = 0; i < records.size(); ++i) {
      hashes_[i] = dense ? 0 : hash_key(records[i].first);
      table_.prefetch(records[i].first, hashes_[i]);
    }
    fold_hashed(records);
  }
  template <class Record>
  void fold_hashed(std::span<Record> records) {
    if (table_.dense()) {
      // Its keys are hashed only once it is dense no more.
      for (Record& record : records) fold_one(std::move(record), hash_key(record.first));
    } else {
      for (std::size_t i = 0; i < records.size(); ++i) fold_one(std::move(records[i]), hashes_[i]);
    }
    check_memory();
  }
  void choose_mode() {
    const std::size_t bytes = table_.memory() + held();
    one_by_one_ = bytes <= cached_;
    direct_left_ = RecordBatch<R>::capacity;
  }
  void check_memory() {
    choose_mode();
    if (has_room()) [[likely]]
      return;
    if (table_.size() == 0) return;
    on_full_(table_);
    held_ = 0;
    memory_.give_back();
    if (!has_room()) table_.clear(false);  // others took what its slots need
    choose_mode();
  }
  bool has_room() {
    if constexpr (requires { fold_.full(); }) {
      if (fold_.full()) return limit_ == UINT64_MAX;
    }
    return memory_.reach(table_.memory_after(RecordBatch<R>::capacity) + held());
  }

  template <class X>
  void fold_one(X&& record, std::uint64_t hash) {
    // Each takes one member. NOLINTBEGIN(bugprone-use-after-move)
    table_.upsert(
        std::forward<X>(record).first, hash, [&] { return create(std::forward<X>(record).second); },
        [&](C& into) { merge(into, std::forward<X>(record).second); });
    // NOLINTEND(bugprone-use-after-move)
  }
  template <class V>
  C create(V&& value) {
    if constexpr (holds_nothing<C>) {
      return fold_.create(std::forward<V>(value));
    } else {
      C created = fold_.create(std::forward<V>(value));
      held_ += held_bytes(created) + Fold::element_bytes(created);
      return created;
    }
  }
  template <class V>
  void merge(C& into, V&& value) {
    if constexpr (holds_nothing<C>) {
      fold_.merge(into, std::forward<V>(value));
    } else {
      const std::size_t before = held_bytes(into);
      fold_.merge(into, std::forward<V>(value));
      held_ += held_bytes(into) - before + Fold::element_bytes(into);
    }
  }

  Fold& fold_;
  program::MemoryShare memory_;
  std::uint64_t limit_;   ///< about as much as it can get
  std::uint64_t cached_;  ///< up to so many bytes, records are folded one by one
  OnFull& on_full_;
  std::uint64_t held_ = 0;  ///< by values, outside the table
  /// How records go into the table: one by one while all of it is in the nearer cache, else in
  /// batches. (Into an array in the farther cache, whose misses overlap by themselves, one by one
  /// was as fast, but took twice as long while others had that cache.)
  bool one_by_one_ = true;
  /// Records until memory is looked at again; not in batches, which look after each.
  std::size_t direct_left_ = RecordBatch<R>::capacity;
  RecordBatch<R> batch_;
  std::array<std::uint64_t, RecordBatch<R>::capacity> hashes_;  ///< of the batch
  Table table_;
};

}  // namespace volley::detail
