#pragma once
// The hash join of one partition: a table of the right side, then the left side against it, in
// batches whose slots are prefetched together. When memory has no room for the right side, both
// sides go to disk in parts by the keys' hashes, and the parts are joined one after another, again
// in parts if need be (a grace hash join: Kitsuregawa et al. 1983). A part that hashes do not make
// smaller, such as one frequent key, is joined by blocks: as much of the right side as fits, with
// all of the left one, until every block had its turn. The order of the result depends on the
// records and the memory only.

#include "exchange/chunk_writer.hpp"
#include "program/memory_share.hpp"

#include <volley/detail/aggregation_table.hpp>
#include <volley/detail/aggregator.hpp>
#include <volley/detail/chunk_records.hpp>
#include <volley/detail/emit_ref.hpp>
#include <volley/detail/spill_parts.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace volley::detail {

/// visit(std::span<const T>) for bitwise records of the chunks, visit(std::span<const view_t<T>>)
/// for others.
template <class T, class Visit>
void visit_spans(TaskContext& context, std::span<const protocol::Chunk> chunks, Visit& visit) {
  struct Spans {
    Visit& visit;
    std::vector<view_t<T>> views;
    void fold(std::span<const T> records) requires protocol::is_bitwise_v<T> { visit(records); }
    void operator()(view_t<T>&& record) {
      views.push_back(std::move(record));
      if (views.size() == 64) flush();
    }
    void flush() {
      visit(std::span<const view_t<T>>(views));
      views.clear();
    }
  } spans{visit, {}};
  for_each_record<T>(context, chunks, spans);
  spans.flush();
}

/// The values of each key, in the order of their insertion.
template <class K, class W>
class JoinTable {
 public:
  template <class Key, class Value>
  void insert(const Key& key, std::uint64_t hash, const Value& value) {
    table_.upsert(
        key, hash,
        [&] {
          First first{convert<W>(value), 0, 0};
          note_held(first.value);
          return first;
        },
        [&](First& first) {
          more_.push_back({convert<W>(value), 0});
          note_held(more_.back().value);
          const auto at = static_cast<std::uint32_t>(more_.size());
          VOLLEY_CHECK(at != 0, "more than 2^32 values of repeated keys");
          (first.last == 0 ? first.next : more_[first.last - 1].next) = at;
          first.last = at;
        });
  }
  template <class Key>
  [[gnu::always_inline]] void prefetch(const Key& key, std::uint64_t hash) const {
    table_.prefetch(key, hash);
  }
  /// visit(const W&) for every value of the key.
  template <class Key, class Visit>
  void for_each(const Key& key, std::uint64_t hash, Visit&& visit) const {
    const First* const first = table_.find(key, hash);
    if (first == nullptr) return;
    visit(first->value);
    for (std::uint32_t at = first->next; at != 0; at = more_[at - 1].next) {
      visit(more_[at - 1].value);
    }
  }
  /// visit(key view, const W&) for every value of every key.
  template <class Visit>
  void for_each(Visit&& visit) {
    table_.for_each([&](const auto& key, const First& first) {
      visit(key, first.value);
      for (std::uint32_t at = first.next; at != 0; at = more_[at - 1].next) {
        visit(key, more_[at - 1].value);
      }
    });
  }
  bool empty() const { return table_.size() == 0; }
  /// Bytes at the peak while `values` more come.
  std::uint64_t memory_after(std::size_t values) const {
    if (more_.size() > UINT32_MAX - 1024) return UINT64_MAX;
    const std::size_t growth = more_.size() + values > more_.capacity() ? 3 : 1;
    return table_.memory_after(values) + growth * more_.capacity() * sizeof(More) + held_;
  }
  void clear() {
    table_.clear(true);
    more_.clear();
    held_ = 0;
  }

 private:
  void note_held([[maybe_unused]] const W& value) {
    if constexpr (!holds_nothing<W>) held_ += held_bytes(value);
  }

  struct First {
    W value;
    std::uint32_t next;  ///< place in more_ plus one; 0: none
    std::uint32_t last;
  };
  struct More {
    W value;
    std::uint32_t next;
  };
  AggregationTable<K, First> table_;
  std::vector<More> more_;
  std::uint64_t held_ = 0;  ///< by values, outside the table and the list
};

/// A list that an object has on loan from another one, which nobody changes meanwhile: the object
/// is made of the other's bytes, and has its own ones back at the end. So a consumer that wants an
/// object and only reads it costs no copy. Vectors of the standard libraries stay what they are
/// when their bytes move.
template <class List>
class Loan {
 public:
  Loan(List& to, const List& from) : to_(to) {
    std::memcpy(own_.data(), bytes(), sizeof(List));
    std::memcpy(bytes(), static_cast<const void*>(&from), sizeof(List));
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() { std::memcpy(bytes(), own_.data(), sizeof(List)); }

 private:
  void* bytes() { return static_cast<void*>(&to_); }

  List& to_;
  std::array<std::byte, sizeof(List)> own_;
};
template <class T>
inline constexpr bool can_be_lent = false;
template <class T>
inline constexpr bool can_be_lent<std::vector<T>> = true;

/// K: key; V, W: values of the left and of the right side.
template <class K, class V, class W>
class JoinRun {
 public:
  using Left = std::pair<K, V>;
  using Right = std::pair<K, W>;

  /// Emits (key, (left value, right value)) for every match. feed_right(visit) and then
  /// feed_left(visit) call visit(span of records or of views of them) for all of their side.
  template <class FeedRight, class FeedLeft, class Emit>
  static void join(TaskContext& context, std::uint32_t level, FeedRight&& feed_right,
                   FeedLeft&& feed_left, Emit& emit) {
    std::unique_ptr<SpillParts<Right>> right;
    {
      JoinTable<K, W> table;
      program::MemoryShare memory(context);
      auto insert = [&](auto records) {
        if (!right) records = insert_batches(table, records, memory);
        if (records.empty()) return;
        if (!right) {
          right = std::make_unique<SpillParts<Right>>(context, level);
          spill_table(table, *right);
          memory.give_back();
        }
        for (const auto& record : records) right->write(record.first, record);
      };
      feed_right(insert);
      if (!right) {
        Joined result;
        auto probe = [&](auto records) { probe_batches(table, records, result, emit); };
        feed_left(probe);
        return;
      }
    }
    SpillParts<Left> left(context, level);
    auto write = [&](auto records) {
      for (const auto& record : records) {
        if (right->has(record.first)) left.write(record.first, record);
      }
    };
    feed_left(write);
    EmitRef<const Joined&> each(emit);
    join_parts(context, level + 1, *right, left, each);
  }

 private:
  /// One object for all results: its strings and vectors reuse their memory.
  using Joined = std::pair<K, std::pair<V, W>>;
  static constexpr std::size_t batch_size = 32;

  struct ChunkFeed {
    TaskContext& context;
    const std::vector<protocol::Chunk>& chunks;
  };
  template <class T>
  struct Feed : ChunkFeed {
    template <class Visit>
    void operator()(Visit& visit) const {
      visit_spans<T>(this->context, this->chunks, visit);
    }
  };

  /// A function of its own, so that the levels are not each another type.
  static void join_parts(TaskContext& context, std::uint32_t level, SpillParts<Right>& right,
                         SpillParts<Left>& left, EmitRef<const Joined&>& emit) {
    const auto left_parts = left.take();
    const auto right_parts = right.take();
    std::uint64_t all = 0;
    for (const auto& chunks : right_parts) all += bytes_of(chunks);
    for (std::size_t part = 0; part < right_parts.size(); ++part) {
      if (left_parts[part].empty() || right_parts[part].empty()) continue;
      const Feed<Left> feed_left{{context, left_parts[part]}};
      const Feed<Right> feed_right{{context, right_parts[part]}};
      const bool splits = level < SpillParts<Right>::deepest && right.mixed(part) &&
                          bytes_of(right_parts[part]) < all - all / 8;
      if (splits) {
        join(context, level, feed_right, feed_left, emit);
      } else {
        join_blocks(context, feed_right, feed_left, emit);
      }
    }
  }

  static void join_blocks(TaskContext& context, const Feed<Right>& feed_right,
                          const Feed<Left>& feed_left, EmitRef<const Joined&>& emit) {
    JoinTable<K, W> table;
    program::MemoryShare memory(context);
    Joined result;
    auto probe = [&](auto records) { probe_batches(table, records, result, emit); };
    auto insert = [&](auto records) {
      for (records = insert_batches(table, records, memory); !records.empty();
           records = insert_batches(table, records, memory)) {
        feed_left(probe);
        table.clear();
      }
    };
    feed_right(insert);
    if (!table.empty()) feed_left(probe);
  }

  static std::uint64_t bytes_of(const std::vector<protocol::Chunk>& chunks) {
    std::uint64_t bytes = 0;
    for (const protocol::Chunk& chunk : chunks) bytes += chunk.bytes;
    return bytes;
  }

  static void spill_table(JoinTable<K, W>& table, SpillParts<Right>& spill) {
    table.for_each([&](const auto& key, const W& value) { spill.add(key, value); });
    table.clear();
  }

  /// Inserts records as long as there is memory; a table that is empty takes a batch anyway.
  /// Returns the others.
  template <class X>
  static std::span<const X> insert_batches(JoinTable<K, W>& table, std::span<const X> records,
                                           program::MemoryShare& memory) {
    while (!records.empty()) {
      if (!memory.reach(table.memory_after(batch_size)) && !table.empty()) break;
      records = in_batch(table, records, [&](const X& record, std::uint64_t hash) {
        table.insert(record.first, hash, record.second);
      });
    }
    return records;
  }

  template <class X, class Emit>
  static void probe_batches(const JoinTable<K, W>& table, std::span<const X> records,
                            Joined& result, Emit& emit) {
    while (!records.empty()) {
      records = in_batch(table, records, [&](const X& record, std::uint64_t hash) {
        probe(table, record, hash, result, emit);
      });
    }
  }
  template <class X, class Emit>
  static void probe(const JoinTable<K, W>& table, const X& record, std::uint64_t hash,
                    Joined& result, Emit& emit) {
    const auto emit_with = [&](const W& match) {
      result.second.second = match;
      emit(std::as_const(result));
    };
    if constexpr (can_be_lent<V> && std::is_same_v<decltype(record.second), V>) {
      assign(result.first, record.first);
      const Loan<V> loan(result.second.first, record.second);
      table.for_each(record.first, hash, emit_with);
    } else {
      bool assigned = false;
      table.for_each(record.first, hash, [&](const W& match) {
        if (!std::exchange(assigned, true)) {
          assign(result.first, record.first);
          assign(result.second.first, record.second);
        }
        emit_with(match);
      });
    }
  }

  /// use(record, hash of its key) for the first records, their slots prefetched; returns the rest.
  template <class X, class Use>
  static std::span<const X> in_batch(const JoinTable<K, W>& table, std::span<const X> records,
                                     Use&& use) {
    std::array<std::uint64_t, batch_size> hashes;
    const auto batch = records.first(std::min(batch_size, records.size()));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      hashes[i] = hash_key(batch[i].first);
      table.prefetch(batch[i].first, hashes[i]);
      // A list or a long string lies elsewhere.
      if constexpr (requires { batch[i].second.data(); }) {
        __builtin_prefetch(batch[i].second.data());
      }
    }
    for (std::size_t i = 0; i < batch.size(); ++i) use(batch[i], hashes[i]);
    return records.subspan(batch.size());
  }
};

}  // namespace volley::detail
