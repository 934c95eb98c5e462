#pragma once
// Rdd<T>: a distributed collection of records of type T, as in Spark: immutable, lazy, partitioned,
// recomputed from its lineage when something is lost. A handle is cheap to copy and belongs to the
// program's main function; tasks never see it.
//
// Operations have Spark's names in snake_case. Transformations return at once; actions run a job
// and block. The second template parameter remembers the chain of operations, so that it compiles
// into one loop; declare variables with auto or as Rdd<T>, to which every chain of T converts. A
// variable declared with auto may be assigned other chains of its record type.
//
// Operations are grouped by noun in bases of Rdd (detail/*_operations.hpp); the plain ones are
// here. Functions passed to operations run on executors: see closure.hpp for what they may capture.
// Errors reach the program as volley::Error; a failed job is a JobFailed.

#include "program/context_core.hpp"
#include "program/lineage.hpp"

#include <volley/barrier.hpp>
#include <volley/closure.hpp>
#include <volley/detail/actions.hpp>
#include <volley/detail/approximate_operations.hpp>
#include <volley/detail/async_operations.hpp>
#include <volley/detail/block_codec.hpp>
#include <volley/detail/file_operations.hpp>
#include <volley/detail/fold_operations.hpp>
#include <volley/detail/join_operations.hpp>
#include <volley/detail/layout_operations.hpp>
#include <volley/detail/lineage_operations.hpp>
#include <volley/detail/number_operations.hpp>
#include <volley/detail/pair_operations.hpp>
#include <volley/detail/partial_operations.hpp>
#include <volley/detail/pipeline.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/detail/shuffle.hpp>
#include <volley/detail/sources.hpp>
#include <volley/detail/strata_operations.hpp>
#include <volley/detail/take_operations.hpp>
#include <volley/detail/task_operations.hpp>
#include <volley/detail/value_operations.hpp>
#include <volley/error.hpp>
#include <volley/order.hpp>
#include <volley/partitioner.hpp>
#include <volley/storage_level.hpp>
#include <volley/types.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace volley {

template <class T, class P>
class Rdd : public detail::ValueOperations<Rdd<T, P>, T, P>,
            public detail::PairOperations<Rdd<T, P>, T, P>,
            public detail::JoinOperations<Rdd<T, P>, T, P>,
            public detail::LayoutOperations<Rdd<T, P>, T, P>,
            public detail::FoldOperations<Rdd<T, P>, T, P>,
            public detail::TakeOperations<Rdd<T, P>, T, P>,
            public detail::NumberOperations<Rdd<T, P>, T, P>,
            public detail::ApproximateOperations<Rdd<T, P>, T, P>,
            public detail::AsyncOperations<Rdd<T, P>, T, P>,
            public detail::StrataOperations<Rdd<T, P>, T, P>,
            public detail::PartialOperations<Rdd<T, P>, T, P>,
            public detail::TaskOperations<Rdd<T, P>, T, P>,
            public detail::LineageOperations<Rdd<T, P>, T, P>,
            public detail::FileOperations<Rdd<T, P>, T, P> {
 public:
  using record_type = T;
  using pipe_type = P;
  using Where = std::source_location;

  /// For operations; programs get their first RDDs from a Context.
  Rdd(program::LineagePtr lineage, bool chained)
      : lineage_(std::move(lineage)), chained_(chained) {}
  template <class Q>
  Rdd(const Rdd<T, Q>& other) : lineage_(other.lineage()), chained_(is_any) {}
  template <class Q>
  Rdd& operator=(const Rdd<T, Q>& other) {
    lineage_ = other.lineage();
    chained_ = is_any;
    return *this;
  }

  base::RddId id() const { return lineage_->id(); }
  std::uint32_t num_partitions() const { return lineage_->partitions(); }
  /// How keys are laid out; one of kind none when nothing is known.
  const Partitioner& partitioner() const { return lineage_->partitioner(); }
  /// A name for messages and the user interface: by default the operation's.
  std::string name() const { return lineage_->core()->name_of(*lineage_); }
  Rdd set_name(std::string name) const {
    lineage_->core()->set_name(id(), std::move(name));
    return *this;
  }
  /// The RDDs that this one is made from, a line each, indented at every shuffle, with the number
  /// of partitions where a stage ends.
  std::string to_debug_string() const { return program::debug_string(*lineage_); }
  const program::LineagePtr& lineage() const { return lineage_; }
  /// Whether P is the true chain of this RDD.
  bool chained() const { return chained_; }

  // --- narrow transformations
  // -----------------------------------------------------------------------

  /// One record for each: f(record).
  template <class F>
  auto map(F f, Where where = Where::current()) const {
    return then<detail::MapOp<F>>("map", f, where);
  }
  /// The records for which f(record) is true; keeps the partitioner.
  template <class F>
  auto filter(F f, Where where = Where::current()) const {
    return then<detail::FilterOp<F>>("filter", f, where, lineage_->partitioner());
  }
  /// Any number of records for each. f(record) returns a range, or f(record, emit) calls
  /// emit(result); in the second form results have the type of the input unless U says another.
  template <class U = void, class F>
  auto flat_map(F f, Where where = Where::current()) const {
    if constexpr (std::is_invocable_v<F&, const T&>) {
      return then<detail::FlatMapOp<F, void>>("flat_map", f, where);
    } else {
      using Result = std::conditional_t<std::is_void_v<U>, T, U>;
      return then<detail::FlatMapOp<F, Result>>("flat_map", f, where);
    }
  }
  /// f(records) -> range, called once per partition, also for empty ones. Visit the records with
  /// records.for_each(visit), or iterate over them (which collects the partition first).
  /// `preserves_partitioning`: f leaves each key in its partition, so that the partitioner holds.
  template <class F>
  auto map_partitions(F f, bool preserves_partitioning = false,
                      Where where = Where::current()) const {
    return partitions_operation<false>("map_partitions", std::move(f), preserves_partitioning,
                                       where);
  }
  /// The same with the partition's index: f(index, records) -> range.
  template <class F>
  auto map_partitions_with_index(F f, bool preserves_partitioning = false,
                                 Where where = Where::current()) const {
    return partitions_operation<true>("map_partitions_with_index", std::move(f),
                                      preserves_partitioning, where);
  }
  /// The next operation's tasks start together and can wait for each other: barrier.hpp.
  RddBarrier<T, P> barrier() const { return RddBarrier<T, P>(*this); }
  /// The partitions of both, duplicates kept; those of equal index together when both RDDs have the
  /// same partitioner, which the result keeps then. An RDD without partitions adds nothing.
  template <class Q>
  Rdd<T> union_with(const Rdd<T, Q>& other, Where where = Where::current()) const {
    return detail::make_union<T>({lineage_, other.lineage()}, where);
  }

  // --- persistence
  // ------------------------------------------------------------------------------------

  /// Keeps each partition in its executor's memory once it is computed. The returned handle reads
  /// the blocks directly.
  Rdd<T> cache() const { return persist(StorageLevel::memory_only); }
  /// The same with a choice of where. Throws UnsupportedOperation when the RDD has another level.
  /// What memory has no room for goes to disk or is computed again, as the level says.
  Rdd<T> persist(StorageLevel level = StorageLevel::memory_only) const {
    lineage_->core()->persist(id(), level, codec_of_blocks());
    return *this;
  }
  /// StorageLevel::none when it is not persisted.
  StorageLevel storage_level() const { return lineage_->core()->storage_level(id()); }
  /// Drops the cached blocks.
  Rdd<T> unpersist() const {
    lineage_->core()->unpersist(id());
    return *this;
  }

  /// Marks this RDD: after the first job that needs it, a second one writes its records to the
  /// directory of context.set_checkpoint_dir, or to volley.recovery.dir; from then on they are read
  /// from there, and its ancestors are not needed. Cache it first, else it is computed twice.
  /// Throws IllegalState when there is no directory. A restarted run finds it complete in a
  /// recovery directory.
  const Rdd& checkpoint() const;
  /// The same without a directory: after the first job that needs this RDD, its partitions are in
  /// the executors, in memory or on their disks, and its ancestors are not needed any more. Faster,
  /// but jobs fail once an executor that holds one is lost. Gives it a storage level with disk.
  const Rdd& local_checkpoint() const;
  bool is_checkpointed() const { return lineage_->core()->checkpoints().is_written(id()); }
  /// Its directory, once it is written.
  std::optional<std::string> checkpoint_file() const {
    return lineage_->core()->checkpoints().file(id());
  }

  // --- actions
  // ------------------------------------------------------------------------------------------

  std::int64_t count(Where where = Where::current()) const {
    std::int64_t total = 0;
    run<detail::CountAction>(
        "count", [](auto&) {}, all_partitions(), where,
        [&](std::uint32_t, const protocol::Bytes& result) {
          total += detail::decode_result<std::int64_t>(result);
        });
    return total;
  }
  /// A transformation, as in Spark: the values of the optionals that f(record) returns.
  template <class F>
  requires std::is_invocable_v<F&, const T&>
  auto collect(F f, Where where = Where::current()) const {
    return then<detail::CollectOp<F>>("collect", f, where);
  }
  /// All records, in partition order.
  std::vector<owned_t<T>> collect(Where where = Where::current()) const {
    return collect_with<detail::CollectAction>(
        "collect", [](auto&) {}, all_partitions(), where);
  }
  /// The records folded by the associative, commutative f(a, b), partition by partition.
  /// Throws UnsupportedOperation("empty collection").
  template <class F>
  owned_t<T> reduce(F f, Where where = Where::current()) const;
  /// f(record) on the executors, for its side effects.
  template <class F>
  void foreach (F f, Where where = Where::current()) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    run<detail::ForeachAction<F>>(
        "foreach",
        [&](auto& out) { detail::pack_function(out, f, detail::name_call("foreach", where)); },
        all_partitions(), where, [](std::uint32_t, const protocol::Bytes&) {});
  }
  /// One text file per partition (part-00000 ...) and _SUCCESS when all are there. The directory
  /// must not exist: IoError before the job. A record prints as Spark prints it: see append_text.
  /// `codec`: gzip, zstd or lz4 compress the files, which are called part-00000.gz ... then.
  void save_as_text_file(const std::string& directory, const std::string& codec = {},
                         Where where = Where::current()) const {
    save_with<detail::SaveTextAction>("save_as_text_file", directory, where,
                                      detail::output_codec(codec));
  }
  /// The same with each record's bytes as they lie in memory, for context.binary_records<T>: the
  /// records must be numbers, enums, or arrays, pairs and structs of these.
  void save_as_binary_records(const std::string& directory, Where where = Where::current()) const {
    VOLLEY_REQUIRE_BITWISE("save_as_binary_records", T);
    save_with<detail::SaveBinaryAction>("save_as_binary_records", directory, where);
  }

  // --- for operations
  // -------------------------------------------------------------------------------------

  /// This chain with one operation more.
  template <class Op, class F>
  auto then(const char* name, const F& f, Where where,
            program::Partitioner partitioner = {}) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using Q = typename P::template then<Op>;
    auto captures = detail::pack_operation(chained_, f, detail::name_call(name, where));
    auto node = detail::make_narrow<Q>(lineage_, name, std::move(captures), partitioner, where,
                                       detail::parts_of<typename Op::function_type>);
    return Rdd<typename Q::record, Q>(std::move(node), true);
  }

  template <bool with_index, class F>
  auto partitions_operation(const char* name, F f, bool preserves_partitioning, Where where) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using Q = detail::Pipe<detail::partitions_source<P, F, with_index>>;
    auto captures = detail::pack_operation(chained_, f, detail::name_call(name, where));
    auto node =
        detail::make_narrow<Q>(lineage_, name, std::move(captures),
                               preserves_partitioning ? partitioner() : Partitioner{}, where);
    return Rdd<typename Q::record, Q>(std::move(node), true);
  }

  std::vector<std::uint32_t> all_partitions() const {
    return detail::index_range(0, num_partitions());
  }

  /// Runs action A; `pack` writes its captures.
  template <class A, class Pack, class OnResult>
  void run(const char* name, Pack&& pack, std::vector<std::uint32_t> partitions, Where where,
           OnResult&& on_result) const {
    lineage_->core()->run_job(*lineage_, std::move(partitions), make_action<A>(pack),
                              detail::name_call(name, where), on_result);
  }
  template <class A, class Pack>
  protocol::Closure make_action(Pack&& pack) const {
    protocol::Closure action;
    action.function = program::identify(reinterpret_cast<const void*>(&detail::action_task<P, A>));
    protocol::Writer out(action.captures);
    protocol::write(out, chained_);
    pack(out);
    out.finish();
    return action;
  }
  template <class A, class Pack>
  std::vector<owned_t<T>> collect_with(const char* name, Pack&& pack,
                                       std::vector<std::uint32_t> partitions, Where where) const;

 private:
  static constexpr bool is_any = std::is_same_v<P, detail::AnyPipe<T>>;

  /// Runs action A, which writes one part file per partition, and commits the directory.
  template <class A>
  void save_with(const char* name, const std::string& directory, Where where,
                 io::Codec codec = io::Codec::none) const;

  static protocol::FunctionRef codec_of_blocks() {
    using Codec = const program::BlockCodec& (*)();
    const Codec codec = &detail::block_codec<owned_t<T>>;
    return program::identify(reinterpret_cast<const void*>(codec));
  }

  program::LineagePtr lineage_;
  bool chained_;
};

template <class T, class P>
template <class A, class Pack>
std::vector<owned_t<T>> Rdd<T, P>::collect_with(const char* name, Pack&& pack,
                                                std::vector<std::uint32_t> partitions,
                                                Where where) const {
  std::vector<protocol::Bytes> shares(partitions.size());
  run<A>(
      name, pack, std::move(partitions), where,
      [&](std::uint32_t index, protocol::Bytes result) { shares.at(index) = std::move(result); });
  std::vector<owned_t<T>> all;
  for (protocol::Bytes& share : shares) {
    auto records = detail::decode_result<std::vector<owned_t<T>>>(share);
    protocol::Bytes().swap(share);
    all.insert(all.end(), std::make_move_iterator(records.begin()),
               std::make_move_iterator(records.end()));
  }
  return all;
}

template <class T, class P>
template <class F>
owned_t<T> Rdd<T, P>::reduce(F f, Where where) const {
  VOLLEY_REQUIRE_SHIPPABLE(F);
  std::vector<std::optional<owned_t<T>>> shares(num_partitions());
  run<detail::ReduceAction<F>>(
      "reduce",
      [&](auto& out) { detail::pack_function(out, f, detail::name_call("reduce", where)); },
      all_partitions(), where,
      [&](std::uint32_t index, const protocol::Bytes& result) {
        shares.at(index) = detail::decode_result<std::optional<owned_t<T>>>(result);
      });
  std::optional<owned_t<T>> total;
  for (auto& share : shares) {
    if (!share) continue;
    total = total ? owned_t<T>(f(std::as_const(*total), std::as_const(*share))) : std::move(*share);
  }
  if (!total) throw UnsupportedOperation("empty collection");
  return std::move(*total);
}

template <class T, class P>
template <class A>
void Rdd<T, P>::save_with(const char* name, const std::string& directory, Where where,
                          io::Codec codec) const {
  const std::string path = detail::output_path(directory);
  auto action = make_action<A>([&](auto& out) {
    protocol::write(out, path);
    protocol::write(out, codec);
  });
  detail::save_output(*lineage_, path, std::move(action), detail::name_call(name, where),
                      io::ending_of(codec));
}

template <class T, class P>
const Rdd<T, P>& Rdd<T, P>::checkpoint() const {
  program::ContextCore& core = *lineage_->core();
  program::Checkpoints::Entry entry;
  entry.directory = core.checkpoint_path(*lineage_);
  entry.writer = make_action<detail::CheckpointAction>(
      [&](auto& out) { protocol::write(out, entry.directory); });
  entry.reader =
      detail::compute_closure<detail::Pipe<detail::CheckpointSource<typename P::record>>>({});
  core.mark_checkpoint(*lineage_, std::move(entry));
  return *this;
}

template <class T, class P>
const Rdd<T, P>& Rdd<T, P>::local_checkpoint() const {
  lineage_->core()->keep_on_disk_too(id(), codec_of_blocks());
  program::Checkpoints::Entry entry;
  entry.local = true;
  entry.writer = make_action<detail::KeepAction>([](auto&) {});
  entry.reader =
      detail::compute_closure<detail::Pipe<detail::LostBlockSource<typename P::record>>>({});
  lineage_->core()->mark_checkpoint(*lineage_, std::move(entry));
  return *this;
}

}  // namespace volley
