#pragma once
// The typed edge of a shuffle: map tasks write records into the chunks of reduce partitions, reduce
// tasks read them in place. Trivially copyable records lie in chunks as arrays; others are encoded
// one after another and read as views. Reading follows map-partition order, so that results do not
// depend on timing.

#include "exchange/chunk_writer.hpp"
#include "program/lineage.hpp"
#include "program/memory_share.hpp"

#include <volley/detail/chunk_records.hpp>
#include <volley/detail/fast_modulo.hpp>
#include <volley/detail/fold.hpp>
#include <volley/detail/group.hpp>
#include <volley/detail/hot_keys.hpp>
#include <volley/detail/partition_call.hpp>
#include <volley/detail/pipeline.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

/// Writes records of owned type T to the reduce partitions of one map task.
template <class T>
class RecordWriter {
 public:
  static_assert(
      !hides_views<T>(),
      "a struct in this record views data that will be gone: give it std::string members");
  RecordWriter(TaskContext& context, std::uint32_t reducers)
      : context_(context),
        reducers_(reducers),
        chunks_(context.services().arena(), context.services().arena_owner(), reducers,
                spill_working_set(context), checksums_of(context)) {}

  /// `record` is a T or a view of one.
  template <class X>
  void write(std::uint32_t partition, const X& record) {
    write_record<T>(chunks_, partition, record, scratch_);
  }

  /// Hands the output to the task; it is published when the task has succeeded.
  void finish() {
    auto output = chunks_.finish();
    protocol::MapOutputWritten message;
    message.attempt = context_.attempt();
    message.reducers = reducers_;
    for (protocol::Chunk& chunk : output.chunks) {
      chunk.map = context_.attempt().partition;
      context_.metrics().shuffle_bytes_written += chunk.bytes;
      context_.metrics().shuffle_records_written += chunk.records;
    }
    context_.metrics().spilled_bytes += output.spilled_bytes;
    message.chunks = std::move(output.chunks);
    message.slabs = std::move(output.slabs);
    context_.set_map_output(std::move(message));
  }

 private:
  TaskContext& context_;
  std::uint32_t reducers_;
  exchange::ChunkWriter chunks_;
  protocol::Bytes scratch_;
};

// --- partition functions: key to reduce partition
// ---------------------------------------------------

struct HashPartition {
  std::uint32_t partitions = 1;
  template <class K>
  std::uint32_t operator()(const K& key) const {
    if constexpr (std::is_integral_v<K>) {
      return hash_partition(key, 0, partitions);
    } else {
      return hash_partition(key, hash_key(key), partitions);
    }
  }
};

/// A partition function made ready for many keys; its results are the same.
template <class Partition>
struct ReadyPartition : Partition {
  explicit ReadyPartition(Partition partition) : Partition(std::move(partition)) {}
};
template <>
class ReadyPartition<HashPartition> {
 public:
  explicit ReadyPartition(const HashPartition& partition)
      : partition_(partition), modulo_(partition.partitions) {}
  template <class K>
  std::uint32_t operator()(const K& key) const {
    if constexpr (std::is_integral_v<K>) {
      return modulo_(key);
    } else {
      return partition_(key);
    }
  }

 private:
  HashPartition partition_;
  FastModulo modulo_;
};

/// By hash, or by the function of another partitioner; as it travels.
template <class K>
struct KeyPartition {
  std::uint32_t partitions = 1;
  std::vector<protocol::Closure> function;  ///< empty: by hash
};
template <class K>
class ReadyPartition<KeyPartition<K>> {
 public:
  explicit ReadyPartition(const KeyPartition<K>& partition) : by_hash_({partition.partitions}) {
    if (!partition.function.empty()) {
      by_function_ = load_partition_call<K>(partition.function.front(), partition.partitions);
    }
  }
  template <class Like>
  std::uint32_t operator()(const Like& key) const {
    if (!by_function_) [[likely]]
      return by_hash_(key);
    if constexpr (std::is_same_v<Like, K>) {
      return by_function_(key);
    } else {
      return by_function_(convert<K>(key));
    }
  }

 private:
  ReadyPartition<HashPartition> by_hash_;
  PartitionCall<K> by_function_;
};
template <class K>
KeyPartition<K> key_partition(const program::Partitioner& partitioner) {
  KeyPartition<K> partition{partitioner.partitions, {}};
  if (partitioner.function) partition.function.push_back(*partitioner.function);
  return partition;
}

template <class K, class Less>
struct RangePartition {
  std::vector<K> bounds;  ///< ascending by Less; partition i holds keys <= bounds[i]
  template <class Like>
  std::uint32_t operator()(const Like& key) const {
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), key,
                                     [](const auto& a, const auto& b) { return Less{}(a, b); });
    return static_cast<std::uint32_t>(at - bounds.begin());
  }
};

// --- map tasks

/// Captures of a map task: whether the handle's type was true, then what the task itself needs.
struct MapTaskHeader {
  bool chained = false;
  std::uint32_t reducers = 0;
};

/// Aggregates the records of P by key before they are written. FoldOf<F>: the fold over function F.
template <class P, class C, class Fold, class F, class Partition>
void combining_map_task(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                        std::span<const std::byte> captures, protocol::Bytes&) {
  using R = typename P::record;
  using K = owned_t<typename R::first_type>;
  protocol::Reader in(captures);
  MapTaskHeader header;
  protocol::read(in, header);
  Partition shipped;
  protocol::read(in, shipped);
  const ReadyPartition<Partition> partition_of(std::move(shipped));
  Shipped<F> function(in);
  Fold fold{function.get()};
  RecordWriter<std::pair<K, C>> writer(context, header.reducers);
  // Keys may come again after their entries were written: the reduce side folds all of them.
  auto write_all = [&](AggregationTable<K, C>& table) {
    table.for_each([&](const auto& key, C& value) {
      writer.write(partition_of(key),
                   std::pair<std::decay_t<decltype(key)>, C>(key, std::move(value)));
    });
    table.clear(true);
  };
  {
    Aggregator<R, C, Fold, decltype(write_all)> aggregator(fold, program::MemoryShare(context),
                                                           write_all);
    const ViewGuard guard(context, aggregator);
    HotKeys<K> hot_keys;
    auto look_and_fold = [&](auto&& record) __attribute__((always_inline)) {
      if (hot_keys.due()) [[unlikely]]
        hot_keys.see(hash_key(record.first), record.first);
      aggregator(std::forward<decltype(record)>(record));
    };
    P::run(context, rdd, partition, header.chained, look_and_fold);
    aggregator.flush();
    write_all(aggregator.table());
    hot_keys.report(context.metrics());
  }
  writer.finish();
}

/// Writes the records of P as they come.
template <class P, class Partition>
void plain_map_task(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                    std::span<const std::byte> captures, protocol::Bytes&) {
  using R = typename P::record;
  protocol::Reader in(captures);
  MapTaskHeader header;
  protocol::read(in, header);
  Partition shipped;
  protocol::read(in, shipped);
  const ReadyPartition<Partition> partition_of(std::move(shipped));
  RecordWriter<owned_t<R>> writer(context, header.reducers);
  HotKeys<owned_t<typename R::first_type>> hot_keys;
  auto write = [&](auto&& record) __attribute__((always_inline)) {
    if (hot_keys.due()) [[unlikely]]
      hot_keys.see(hash_key(record.first), record.first);
    writer.write(partition_of(record.first), R(record));
  };
  P::run(context, rdd, partition, header.chained, write);
  writer.finish();
  hot_keys.report(context.metrics());
}

// --- sources that read a shuffle
// ---------------------------------------------------------------------

/// Records of a reduce partition; and how many of them one map task wrote, at most. These have
/// distinct keys, when map tasks fold before they write.
struct RecordCounts {
  std::uint64_t all = 0;
  std::uint64_t of_one_map = 0;
};
inline RecordCounts count_records(std::span<const protocol::Chunk> chunks) {
  RecordCounts count;
  std::uint64_t of_this_map = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (i > 0 && chunks[i].map != chunks[i - 1].map) of_this_map = 0;
    of_this_map += chunks[i].records;
    count.all += chunks[i].records;
    count.of_one_map = std::max(count.of_one_map, of_this_map);
  }
  return count;
}

/// Folds the values of each key, of a shuffle or of a parent of record type T that is partitioned
/// right: reduce_by_key, group_by_key, distinct. `V` is the shuffled value type.
template <class T, class V, class C, class Fold, class F>
struct FoldSource {
  using K = owned_t<typename T::first_type>;
  using record = std::pair<K, C>;
  using function_type = F;
  static constexpr bool reads_blocks = false;

  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const protocol::Dependency& dependency = context.plan().rdd(rdd).dependencies.front();
    if (dependency.kind != protocol::DependencyKind::shuffle) {
      fold<T>(
          context, rdd,
          [&](auto& aggregator) { stream<T>(context, dependency.parent, partition, aggregator); },
          emit);
      return;
    }
    const auto chunks = context.chunks(dependency.shuffle, partition);
    const auto read = [&](auto& aggregator) {
      const RecordCounts counts = count_records(chunks);
      aggregator.expect(counts.all, Fold::combines_before_shuffle ? counts.of_one_map : 0);
      for_each_record<std::pair<K, V>>(context, chunks, aggregator);
    };
    if constexpr (requires { Fold::results_differ_from_values; }) {
      auto operation = load_operation<FoldSource>(context, rdd, partition);
      Fold fold{operation->function()};
      CombineFold<Fold, C> combine{fold};
      FoldRun<K, C>::template fold<view_t<std::pair<K, V>>>(context, combine, 0, read, emit);
    } else {
      fold<view_t<std::pair<K, V>>>(context, rdd, read, emit);
    }
  }

 private:
  template <class R, class Run, class Emit>
  static void fold(TaskContext& context, base::RddId rdd, Run&& run, Emit& emit) {
    if constexpr (is_group_fold<Fold>) {
      GroupRun<K, typename C::value_type>::template group<R>(context, 0, run, emit);
    } else {
      auto operation = load_operation<FoldSource>(context, rdd, 0);
      Fold fold{operation->function()};
      FoldRun<K, C>::template fold<R>(context, fold, 0, run, emit);
    }
  }
};

/// Records in the order in which map tasks wrote them, or those of a parent that is partitioned
/// right: partition_by, repartition. `T` is the parent's record type.
template <class T>
struct PlainShuffleSource {
  using record = owned_t<T>;
  static constexpr auto parts = protocol::PartitionParts::of_first_read;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const protocol::Dependency& dependency = context.plan().rdd(rdd).dependencies.front();
    auto convert_and_emit = [&](auto&& like) {
      emit(convert<record>(std::forward<decltype(like)>(like)));
    };
    if (dependency.kind == protocol::DependencyKind::shuffle) {
      for_each_record<record>(context, context.chunks(dependency.shuffle, partition),
                              convert_and_emit);
    } else {
      stream<T>(context, dependency.parent, partition, convert_and_emit);
    }
  }
};

}  // namespace volley::detail
