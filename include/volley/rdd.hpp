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
// Functions passed to operations run on executors: see closure.hpp for what they may capture.
// Errors reach the program as volley::Error; a failed job is a JobFailed.

#include "program/context_core.hpp"
#include "program/lineage.hpp"

#include <volley/barrier.hpp>
#include <volley/closure.hpp>
#include <volley/detail/actions.hpp>
#include <volley/detail/block_codec.hpp>
#include <volley/detail/pipeline.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/detail/shuffle.hpp>
#include <volley/detail/sources.hpp>
#include <volley/error.hpp>
#include <volley/order.hpp>
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
class Rdd {
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
  template <class F>
  auto map_partitions(F f, Where where = Where::current()) const {
    return partitions_operation<false>("map_partitions", std::move(f), where);
  }
  /// The same with the partition's index: f(index, records) -> range.
  template <class F>
  auto map_partitions_with_index(F f, Where where = Where::current()) const {
    return partitions_operation<true>("map_partitions_with_index", std::move(f), where);
  }
  /// The next operation's tasks start together and can wait for each other: barrier.hpp.
  RddBarrier<T, P> barrier() const { return RddBarrier<T, P>(*this); }
  /// Pairs only: f(value) for each value; keeps the partitioner.
  template <class F>
  auto map_values(F f, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("map_values", T);
    return then<detail::MapValuesOp<F>>("map_values", f, where, lineage_->partitioner());
  }
  auto keys(Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("keys", T);
    return then<detail::ElementOp<0>>("keys", detail::Nothing{}, where);
  }
  auto values(Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("values", T);
    return then<detail::ElementOp<1>>("values", detail::Nothing{}, where);
  }
  /// The partitions of both, duplicates kept.
  template <class Q>
  Rdd<T> union_with(const Rdd<T, Q>& other, Where where = Where::current()) const {
    return detail::make_union<T>({lineage_, other.lineage()}, where);
  }

  // --- shuffles
  // ---------------------------------------------------------------------------------------

  /// Pairs only: one value per key, folded by the associative, commutative f(value, value);
  /// combined on the map side first. `partitions` 0: as many as the input has, or
  /// volley.default.parallelism.
  template <class F>
  auto reduce_by_key(F f, std::uint32_t partitions = 0, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("reduce_by_key", T);
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using V = owned_t<typename T::second_type>;
    return detail::fold_by_key<V, detail::ReduceFold<V, F>>(*this, "reduce_by_key", f, partitions,
                                                            where);
  }
  /// Pairs only: all values of each key, in map-partition order. A group must fit in memory.
  auto group_by_key(std::uint32_t partitions = 0, Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("group_by_key", T);
    using C = std::vector<owned_t<typename T::second_type>>;
    return detail::fold_by_key<C, detail::GroupFold<C>>(*this, "group_by_key", detail::Nothing{},
                                                        partitions, where);
  }
  /// Each record once.
  auto distinct(std::uint32_t partitions = 0, Where where = Where::current()) const {
    auto marked = then<detail::MapOp<detail::MarkRecord>>("map", detail::MarkRecord{}, where);
    return detail::fold_by_key<detail::Nothing, detail::DistinctFold>(
               marked, "distinct", detail::Nothing{}, partitions, where)
        .keys(where);
  }
  /// Pairs only: (key, (left value, right value)) for every combination; no shuffle for a side that
  /// already has the result's partitioner.
  template <class U, class Q>
  auto join(const Rdd<U, Q>& other, std::uint32_t partitions = 0,
            Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("join", T);
    VOLLEY_REQUIRE_PAIRS("join", U);
    static_assert(std::is_same_v<owned_t<typename T::first_type>, owned_t<typename U::first_type>>,
                  "join needs equal key types: map the keys of one side to the type of the other");
    return detail::make_join(*this, other, partitions, where);
  }
  /// Pairs only: sorted by key over all partitions, stable. Samples the keys with a job of its own,
  /// at once. May give fewer partitions than asked when there are few distinct keys.
  auto sort_by_key(bool ascending_order = true, std::uint32_t partitions = 0,
                   Where where = Where::current()) const {
    VOLLEY_REQUIRE_PAIRS("sort_by_key", T);
    return ascending_order ? detail::sort_by_key<Ascending>(*this, partitions, where)
                           : detail::sort_by_key<Descending>(*this, partitions, where);
  }

  // --- persistence
  // ------------------------------------------------------------------------------------

  /// Keeps each partition in its executor's memory once it is computed. The returned handle reads
  /// the blocks directly.
  Rdd<T> cache() const {
    lineage_->core()->persist(id());
    return *this;
  }
  /// The same with a choice of where. Throws UnsupportedOperation when the RDD has another level.
  /// What memory has no room for goes to disk or is computed again, as the level says.
  Rdd<T> persist(StorageLevel level = StorageLevel::memory_only) const {
    using Codec = const program::BlockCodec& (*)();
    const Codec codec = &detail::block_codec<owned_t<T>>;
    lineage_->core()->persist(id(), level, program::identify(reinterpret_cast<const void*>(codec)));
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
  /// All records, in partition order.
  std::vector<owned_t<T>> collect(Where where = Where::current()) const {
    return collect_with<detail::CollectAction>(
        "collect", [](auto&) {}, all_partitions(), where);
  }
  /// The records folded by the associative, commutative f(a, b), partition by partition.
  /// Throws UnsupportedOperation("empty collection").
  template <class F>
  owned_t<T> reduce(F f, Where where = Where::current()) const;
  /// The first n records; looks at one partition first, then at more.
  std::vector<owned_t<T>> take(std::uint64_t n, Where where = Where::current()) const;
  /// The first record. Throws UnsupportedOperation("empty collection").
  owned_t<T> first(Where where = Where::current()) const {
    auto records = take(1, where);
    if (records.empty()) throw UnsupportedOperation("empty collection");
    return std::move(records.front());
  }
  bool is_empty(Where where = Where::current()) const { return take(1, where).empty(); }
  /// The n largest records in descending order, or the first n in the order of `before(a, b)`.
  template <class Before = Descending>
  std::vector<owned_t<T>> top(std::uint64_t n, Before before = {},
                              Where where = Where::current()) const;
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
  void save_as_text_file(const std::string& directory, Where where = Where::current()) const {
    save_with<detail::SaveTextAction>("save_as_text_file", directory, where);
  }
  /// The same with each record's bytes as they lie in memory, for context.binary_records<T>: the
  /// records must be numbers, enums, or arrays, pairs and structs of these.
  void save_as_binary_records(const std::string& directory, Where where = Where::current()) const {
    VOLLEY_REQUIRE_BITWISE("save_as_binary_records", T);
    save_with<detail::SaveBinaryAction>("save_as_binary_records", directory, where);
  }

 private:
  static constexpr bool is_any = std::is_same_v<P, detail::AnyPipe<T>>;

  template <class Op, class F>
  auto then(const char* name, const F& f, Where where,
            program::Partitioner partitioner = {}) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using Q = typename P::template then<Op>;
    auto captures = detail::pack_operation(chained_, f, detail::name_call(name, where));
    auto node = detail::make_narrow<Q>(lineage_, name, std::move(captures), partitioner, where);
    return Rdd<typename Q::record, Q>(std::move(node), true);
  }

  template <bool with_index, class F>
  auto partitions_operation(const char* name, F f, Where where) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using Q = detail::Pipe<detail::partitions_source<P, F, with_index>>;
    auto captures = detail::pack_operation(chained_, f, detail::name_call(name, where));
    auto node = detail::make_narrow<Q>(lineage_, name, std::move(captures), {}, where);
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
  /// Runs action A, which writes one part file per partition, and commits the directory.
  template <class A>
  void save_with(const char* name, const std::string& directory, Where where) const;

  program::LineagePtr lineage_;
  bool chained_;

  template <class Less, class R>
  friend auto detail::sort_by_key(const R& rdd, std::uint32_t partitions,
                                  std::source_location where);
  template <class A, class R, class Pack, class OnResult>
  friend void detail::run_action(const R& rdd, const char* name, Pack&& pack,
                                 std::source_location where, OnResult&& on_result);
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
std::vector<owned_t<T>> Rdd<T, P>::take(std::uint64_t n, Where where) const {
  std::vector<owned_t<T>> taken;
  const auto& configuration = lineage_->core()->configuration();
  auto width =
      static_cast<std::uint64_t>(configuration.integer("volley.rdd.limit.initialNumPartitions"));
  const auto growth =
      static_cast<std::uint64_t>(configuration.integer("volley.rdd.limit.scaleUpFactor"));
  for (std::uint64_t from = 0; taken.size() < n && from < num_partitions();) {
    const std::uint64_t to =
        std::min<std::uint64_t>(num_partitions(), from + std::max<std::uint64_t>(width, 1));
    const std::uint64_t missing = n - taken.size();
    auto more = collect_with<detail::TakeAction>(
        "take", [&](auto& out) { protocol::write(out, missing); },
        detail::index_range(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)),
        where);
    for (auto& record : more) {
      if (taken.size() < n) taken.push_back(std::move(record));
    }
    from = to;
    width = std::max<std::uint64_t>(from * growth, 1);
  }
  return taken;
}

template <class T, class P>
template <class Before>
std::vector<owned_t<T>> Rdd<T, P>::top(std::uint64_t n, Before before, Where where) const {
  VOLLEY_REQUIRE_SHIPPABLE(Before);
  if (n == 0) return {};
  auto best = collect_with<detail::TopAction<Before>>(
      "top",
      [&](auto& out) {
        detail::pack_function(out, before, detail::name_call("top", where));
        protocol::write(out, n);
      },
      all_partitions(), where);
  std::stable_sort(best.begin(), best.end(), before);
  if (best.size() > n) best.erase(best.begin() + static_cast<std::ptrdiff_t>(n), best.end());
  return best;
}

template <class T, class P>
template <class A>
void Rdd<T, P>::save_with(const char* name, const std::string& directory, Where where) const {
  const std::string path = detail::output_path(directory);
  auto action = make_action<A>([&](auto& out) { protocol::write(out, path); });
  detail::save_output(*lineage_, path, std::move(action), detail::name_call(name, where));
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

}  // namespace volley
