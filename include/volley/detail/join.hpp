#pragma once
// The hash join of one partition: a table of one side, then the other side against it, in batches
// whose slots are prefetched together.

#include <volley/detail/aggregation_table.hpp>
#include <volley/detail/chunk_records.hpp>
#include <volley/detail/pipeline.hpp>

#include <array>
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
      from_shuffle(context, context.chunks(dependency.shuffle, partition), visit);
    } else {
      from_parent(context, dependency.parent, partition, visit);
    }
  }

 private:
  template <class Visit>
  static void from_shuffle(TaskContext& context, std::span<const protocol::Chunk> chunks,
                           Visit& visit) {
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

  template <class Visit>
  static void from_parent(TaskContext& context, base::RddId parent, std::uint32_t partition,
                          Visit& visit) {
    SpanSink<R, Visit> sink(visit);
    if (!context.keeps(parent, partition)) {
      compute_uncached<R>(context, parent, partition, sink);
      return;
    }
    const auto block = cached_block<R>(context, parent, partition);
    if constexpr (std::is_same_v<T, R>) {
      sink.push_const(*block);
    } else {
      auto emit = [&](auto&& record) { visit(std::span<const R>(&record, 1)); };
      for (const T& record : *block) emit(R(convert<R>(record)));
    }
  }
};

/// The values of each key, in the order of their insertion.
template <class K, class W>
class JoinTable {
 public:
  template <class Key, class Value>
  void insert(const Key& key, std::uint64_t hash, const Value& value) {
    table_.upsert(
        key, hash,
        [&] {
          return First{convert<W>(value), 0, 0};
        },
        [&](First& first) {
          more_.push_back({convert<W>(value), 0});
          const auto at = static_cast<std::uint32_t>(more_.size());
          VOLLEY_CHECK(at != 0, "a join partition with more than 2^32 values of repeated keys");
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

 private:
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
};

/// Inner join: a table of the right side, then the left side against it, in its order.
template <class Left, class Right>
struct JoinSource {
  using K = owned_t<typename Left::first_type>;
  using V = owned_t<typename Left::second_type>;
  using W = owned_t<typename Right::second_type>;
  using record = std::pair<K, std::pair<V, W>>;
  static constexpr bool reads_blocks = false;

  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    JoinTable<K, W> right;
    auto insert = [&](auto records) {
      in_batches(right, records, [&](const auto& record, std::uint64_t hash) {
        right.insert(record.first, hash, record.second);
      });
    };
    JoinSide<Right>::run(context, rdd, partition, 1, insert);
    record result;  // one object: its strings and vectors reuse their memory
    auto probe = [&](auto records) {
      in_batches(right, records, [&](const auto& record, std::uint64_t hash) {
        bool assigned = false;
        right.for_each(record.first, hash, [&](const W& match) {
          if (!std::exchange(assigned, true)) {
            assign(result.first, record.first);
            assign(result.second.first, record.second);
          }
          result.second.second = match;
          emit(std::as_const(result));
        });
      });
    };
    JoinSide<Left>::run(context, rdd, partition, 0, probe);
  }

 private:
  /// use(record, hash of its key) for all records, their slots prefetched.
  template <class X, class Use>
  static void in_batches(const JoinTable<K, W>& table, std::span<const X> records, Use&& use) {
    constexpr std::size_t batch_size = 32;
    std::array<std::uint64_t, batch_size> hashes;
    while (!records.empty()) {
      const auto batch = records.first(std::min(batch_size, records.size()));
      records = records.subspan(batch.size());
      for (std::size_t i = 0; i < batch.size(); ++i) {
        hashes[i] = hash_key(batch[i].first);
        table.prefetch(batch[i].first, hashes[i]);
        // A list or a long string lies elsewhere.
        if constexpr (requires { batch[i].second.data(); }) {
          __builtin_prefetch(batch[i].second.data());
        }
      }
      for (std::size_t i = 0; i < batch.size(); ++i) use(batch[i], hashes[i]);
    }
  }
};

}  // namespace volley::detail
