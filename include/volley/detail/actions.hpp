#pragma once
// Actions: what a task does with the records of its partition. Each is made from its captures, runs
// once, and encodes its share of the result; Rdd combines the shares in partition order.

#include "io/compressed_writer.hpp"

#include <volley/detail/pipeline.hpp>
#include <volley/text.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volley::detail {

/// Thrown through a pipe when its consumer has seen enough.
struct EnoughRecords {};

struct CountAction {
  explicit CountAction(protocol::Reader&) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    std::int64_t count = 0;
    auto add = [&count](auto&&) { ++count; };
    source(add);
    result = protocol::encode(count);
  }
};

struct CollectAction {
  explicit CollectAction(protocol::Reader&) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    std::vector<owned_t<T>> records;
    auto add = [&](auto&& record) {
      records.push_back(to_owned(std::forward<decltype(record)>(record)));
    };
    source(add);
    result = protocol::encode(records);
  }
};

/// The first records of a partition.
struct TakeAction {
  explicit TakeAction(protocol::Reader& in) { protocol::read(in, limit); }
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes& result) {
    context.may_end_early();
    std::vector<owned_t<T>> records;
    auto add = [&](auto&& record) {
      records.push_back(to_owned(std::forward<decltype(record)>(record)));
      if (records.size() >= limit) throw EnoughRecords{};
    };
    try {
      source(add);
    } catch (const EnoughRecords&) {  // as wanted
    }
    result = protocol::encode(records);
  }
  std::uint64_t limit = 0;
};

template <class F>
struct ReduceAction {
  explicit ReduceAction(protocol::Reader& in) : function(in) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    std::optional<owned_t<T>> total;
    auto first = [&](auto&& record) { total = to_owned(std::forward<decltype(record)>(record)); };
    auto add = [&](auto&& record) {
      if (total) [[likely]] {
        *total = owned_t<T>(function.get()(std::as_const(*total), std::as_const(record)));
      } else {
        first(std::forward<decltype(record)>(record));
      }
    };
    source(add);
    result = protocol::encode(total);
  }
  Shipped<F> function;
};

/// An order, or the other way round.
template <class Before, bool reversed>
struct Ranking {
  Before& before;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return reversed ? before(b, a) : before(a, b);
  }
};

/// The `limit` records that rank first: before(a, b) says that a ranks before b, or after it.
template <class Before, bool reversed>
struct TopAction {
  explicit TopAction(protocol::Reader& in) : function(in) { protocol::read(in, limit); }
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    std::vector<owned_t<T>> heap;  // the last-ranking one on top
    const Ranking<Before, reversed> before{function.get()};
    auto add = [&](auto&& record) {
      if (heap.size() == limit) {
        if (!before(record, std::as_const(heap.front()))) return;
        std::pop_heap(heap.begin(), heap.end(), before);
        heap.pop_back();
      }
      heap.push_back(to_owned(std::forward<decltype(record)>(record)));
      std::push_heap(heap.begin(), heap.end(), before);
    };
    source(add);
    result = protocol::encode(heap);
  }
  Shipped<Before> function;
  std::uint64_t limit = 0;
};

template <class F>
struct ForeachAction {
  explicit ForeachAction(protocol::Reader& in) : function(in) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes&) {
    auto visit = [&](auto&& record) { function.get()(std::as_const(record)); };
    source(visit);
  }
  Shipped<F> function;
};

/// One part file, renamed into place when it is whole. Format: `bytes(record, scratch)` are the
/// bytes of a record, in the scratch or in the record.
template <class Format>
struct SaveAction {
  explicit SaveAction(protocol::Reader& in) {
    protocol::read(in, directory);
    protocol::read(in, codec);
  }
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes&) {
    const protocol::TaskAttempt& attempt = context.attempt();
    io::CompressedWriter writer(directory, {attempt.partition, attempt.stage_attempt, attempt.task},
                                codec);
    std::string scratch;
    std::uint64_t records = 0;
    auto write = [&](auto&& record) {
      writer.write(Format::bytes(record, scratch));
      ++records;
    };
    source(write);
    writer.finish();
    context.metrics().records_written += records;
    context.metrics().bytes_written += writer.bytes();
    context.check_commit();
    writer.commit();
  }
  std::string directory;
  io::Codec codec = io::Codec::none;
};

struct TextFormat {
  template <class T>
  static std::string_view bytes(const T& record, std::string& scratch) {
    scratch.clear();
    append_text(scratch, record);
    scratch += '\n';
    return scratch;
  }
};
using SaveTextAction = SaveAction<TextFormat>;

struct BinaryFormat {
  template <class T>
  static std::string_view bytes(const T& record, std::string&) {
    return {reinterpret_cast<const char*>(&record), sizeof record};
  }
};
using SaveBinaryAction = SaveAction<BinaryFormat>;

/// What a range partitioner needs of one partition: its size and an even sample of its keys.
template <class K>
struct KeySample {
  std::uint64_t records = 0;
  std::vector<K> keys;
};

/// Reservoir sampling (algorithm L, Li 1994), seeded by the partition only, of the partition or of
/// pieces of a large file.
struct SampleKeysAction {
  explicit SampleKeysAction(protocol::Reader& in) { protocol::read(in, size); }
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes& result) {
    using K = owned_t<typename T::first_type>;
    KeySample<K> sample;
    std::mt19937_64 random(context.attempt().partition * 0x9e3779b97f4a7c15ULL + 1);
    auto uniform = [&] { return (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53; };
    double weight = 1;
    std::uint64_t next = 0;
    auto skip = [&] {
      weight *= std::exp(std::log(uniform()) / static_cast<double>(size));
      next += static_cast<std::uint64_t>(std::log(uniform()) / std::log1p(-weight)) + 1;
    };
    auto visit = [&](auto&& record) {
      const std::uint64_t index = sample.records++;
      if (index < size) {
        sample.keys.push_back(convert<K>(record.first));
        if (sample.keys.size() == size) {
          next = index;
          skip();
        }
      } else if (index == next) {
        sample.keys[random() % size] = convert<K>(record.first);
        skip();
      }
    };
    constexpr std::uint64_t least_bytes = 4U << 20U;
    constexpr std::uint64_t bytes_per_key = 1024;
    const double part = source.sample(std::max(least_bytes, size * bytes_per_key), visit);
    sample.records = static_cast<std::uint64_t>(static_cast<double>(sample.records) / part);
    result = protocol::encode(sample);
  }
  std::uint64_t size = 1;
};

/// The records of the partition that an action runs on.
template <class P>
struct PartitionSource {
  TaskContext& context;
  base::RddId rdd;
  std::uint32_t partition;
  bool chained;

  template <class Emit>
  void operator()(Emit& emit) const {
    P::run(context, rdd, partition, chained, emit);
  }
  /// As Pipe::sample.
  template <class Emit>
  double sample(std::uint64_t bytes, Emit& emit) const {
    return P::sample(context, rdd, partition, chained, bytes, emit);
  }
};

/// The task function of action A on pipe P. Captures: whether the handle's type was true, then A's.
template <class P, class A>
void action_task(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                 std::span<const std::byte> captures, protocol::Bytes& result) {
  protocol::Reader in(captures);
  bool chained = false;
  protocol::read(in, chained);
  A action(in);
  action.template run<typename P::record>(
      context, PartitionSource<P>{context, rdd, partition, chained}, result);
}

}  // namespace volley::detail
