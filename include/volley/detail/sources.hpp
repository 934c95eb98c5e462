#pragma once
// Sources that start a pipe: values of the program, ranges, text files, and operations on whole
// partitions or on several parents.

#include "io/line_reader.hpp"
#include "io/record_reader.hpp"
#include "io/text_input.hpp"

#include <volley/detail/file_sources.hpp>
#include <volley/detail/pipeline.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace volley::detail {

/// parallelize: a slice of the program's values.
template <class T>
struct ValuesSource {
  using record = T;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    auto values = protocol::decode<std::vector<T>>(context.payload(rdd, partition));
    VOLLEY_CHECK(values.has_value(), "slice {} of RDD {} does not decode", partition, rdd);
    context.metrics().records_read += values->size();
    for (auto&& value : *values) emit(static_cast<T&&>(value));
  }
};

/// A slice of range(start, end, step): first, step, count.
struct RangeSlice {
  std::int64_t first = 0;
  std::int64_t step = 1;
  std::uint64_t count = 0;
};

struct RangeSource {
  using record = std::int64_t;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto slice = protocol::decode<RangeSlice>(context.payload(rdd, partition));
    VOLLEY_CHECK(slice.has_value(), "slice {} of RDD {} does not decode", partition, rdd);
    constexpr std::uint64_t block = 1U << 16U;  // between looks at the stop flag
    const auto step = static_cast<std::uint64_t>(slice->step);
    auto value = static_cast<std::uint64_t>(slice->first);  // wraps instead of overflowing
    for (std::uint64_t done = 0; done < slice->count; done += block) {
      const std::uint64_t end = std::min(block, slice->count - done);
      for (std::uint64_t i = 0; i < end; ++i, value += step) emit(static_cast<std::int64_t>(value));
      context.check_stop();
    }
  }
};

/// Visits [offset, offset + length) of a file: all of it, or pieces of it, evenly spread, when the
/// context asks for a sample. `unit`: pieces begin and end at its multiples.
template <class Visit>
void in_pieces(TaskContext& context, std::uint64_t offset, std::uint64_t length, std::uint64_t unit,
               Visit&& visit) {
  constexpr std::uint64_t pieces = 64;
  const std::uint64_t piece = (context.sampled_bytes() / pieces / unit + 1) * unit;
  if (context.sampled_bytes() == 0 || length / 4 < pieces * piece) return visit(offset, length);
  const std::uint64_t stride = length / pieces / unit * unit;
  for (std::uint64_t i = 0; i < pieces; ++i) visit(offset + i * stride, piece);
  context.note_sampled_part(static_cast<double>(pieces * piece) / static_cast<double>(length));
}

/// text_file: the lines of a byte range, as views into the mapped file.
struct TextSource {
  using record = std::string_view;
  static constexpr bool reads_blocks = false;
  static constexpr bool can_sample = true;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto split = protocol::decode<io::TextSplit>(context.payload(rdd, partition));
    VOLLEY_CHECK(split.has_value(), "split {} of RDD {} does not decode", partition, rdd);
    if (split->codec != io::Codec::none) return read(context, *split, emit);
    in_pieces(context, split->offset, split->length, 1,
              [&](std::uint64_t offset, std::uint64_t length) {
                io::TextSplit piece = *split;
                piece.offset = offset;
                piece.length = length;
                read(context, piece, emit);
              });
  }

 private:
  template <class Emit>
  static void read(TaskContext& context, const io::TextSplit& split, Emit& emit) {
    std::shared_ptr<io::LineReader> reader;
    std::vector<std::string_view> lines(256);
    std::size_t count = 0;
    const auto next = [&] {
      if (reader == nullptr) {
        reader = std::make_shared<io::LineReader>(split);
        context.keep(reader);  // views of its lines may outlive this loop in batches
      }
      count = reader->next_batch(lines);
      return count != 0;
    };
    while (read_or_leave_out(split, next)) {
      context.metrics().records_read += count;
      for (std::size_t i = 0; i < count; ++i) emit(lines[i]);
      if (split.codec != io::Codec::none) context.views_expire();
      context.check_stop();
    }
    context.views_expire();
    if (reader != nullptr) context.metrics().bytes_read += reader->bytes_read();
  }
};

/// binary_records: the records of a byte range, in place in the mapped file.
template <class T>
struct BinarySource {
  using record = T;
  static constexpr bool reads_blocks = false;
  static constexpr bool can_sample = true;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto split = protocol::decode<io::BinarySplit>(context.payload(rdd, partition));
    VOLLEY_CHECK(split.has_value(), "split {} of RDD {} does not decode", partition, rdd);
    in_pieces(
        context, split->offset, split->length, sizeof(T),
        [&](std::uint64_t offset, std::uint64_t length) {
          read(context, {split->path, offset, length, split->file_size, split->modified}, emit);
        });
  }

 private:
  template <class Emit>
  static void read(TaskContext& context, const io::BinarySplit& split, Emit& emit) {
    io::RecordReader reader(split, sizeof(T));
    for (auto bytes = reader.next(); !bytes.empty(); bytes = reader.next()) {
      // Records lie at multiples of their size from a page border, hence aligned.
      const auto* records = reinterpret_cast<const T*>(bytes.data());
      const std::size_t count = bytes.size() / sizeof(T);
      context.metrics().records_read += count;
      context.metrics().bytes_read += bytes.size();
      for (std::size_t i = 0; i < count; ++i) emit(records[i]);
      context.check_stop();
    }
  }
};

/// The records of one partition, as map_partitions hands them to a function: visit them with
/// for_each(f), or iterate, which collects them first.
template <class T, class Run>
class PartitionRecords {
 public:
  using record_type = T;
  explicit PartitionRecords(Run run) : run_(std::move(run)) {}

  template <class Visit>
  void for_each(Visit&& visit) {
    auto sink = [&](auto&& record) { visit(std::forward<decltype(record)>(record)); };
    run_(sink);
  }
  auto begin() { return collected().begin(); }
  auto end() { return collected().end(); }

 private:
  std::vector<owned_t<T>>& collected() {
    if (!done_) {
      for_each([&](auto&& record) {
        records_.push_back(to_owned(std::forward<decltype(record)>(record)));
      });
      done_ = true;
    }
    return records_;
  }
  Run run_;
  bool done_ = false;
  std::vector<owned_t<T>> records_;
};

/// run_job: the value of f(records).
template <class F, class V>
struct PartitionAction {
  explicit PartitionAction(protocol::Reader& in) : function(in) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    auto pull = [&](auto& sink) { source(sink); };
    PartitionRecords<T, decltype(pull)> records(pull);
    const V value(function.get()(records));
    result = protocol::encode(value);
  }
  Shipped<F> function;
};

/// Emits what call(f, records) returns, a range of things that make a U; f is the shipped
/// function of `rdd`, `records` are those of its parent's partition, made by P.
template <class P, class F, class U, class Emit, class Call>
void emit_partition(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit,
                    Call&& call) {
  Operation<F> operation(context, rdd);
  auto pull = [&](auto& sink) { operation.template pull<P>(partition, sink); };
  PartitionRecords<typename P::record, decltype(pull)> records(pull);
  auto&& results = call(operation.function(), records);
  for (auto&& result : results) emit(U(std::forward<decltype(result)>(result)));
  if constexpr (has_views<U>) context.views_expire();  // they may view `records` or `results`
}

/// map_partitions: f(records) -> range, once per partition; with_index: f(index, records).
template <class P, class F, class U, bool with_index>
struct MapPartitionsSource {
  using record = U;
  using function_type = F;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto call = [&](auto& f, auto& records) -> decltype(auto) {
      if constexpr (with_index) {
        return f(partition, records);
      } else {
        return f(records);
      }
    };
    emit_partition<P, F, U>(context, rdd, partition, emit, call);
  }
};

/// union: partitions of several parents of one record type, one after another; or, of parents that
/// are partitioned alike, every partition made of theirs.
template <class T>
struct UnionSource {
  using record = T;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    for (const protocol::Dependency& dependency : context.plan().rdd(rdd).dependencies) {
      if (dependency.kind == protocol::DependencyKind::one_to_one) {
        stream<T>(context, dependency.parent, partition, emit);
      } else if (partition - dependency.out_start < dependency.length) {
        stream<T>(context, dependency.parent, partition - dependency.out_start, emit);
        return;
      }
    }
  }
};

}  // namespace volley::detail
