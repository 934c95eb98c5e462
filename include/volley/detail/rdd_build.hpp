#pragma once
// How operations make the lineage of their result: untyped pieces (in src/program/rdd_build.cpp)
// and the typed functions that name the code of computes and map tasks.

#include "program/context_core.hpp"
#include "program/lineage.hpp"
#include "program/partition_groups.hpp"

#include <volley/closure.hpp>
#include <volley/detail/actions.hpp>
#include <volley/detail/checkpoint.hpp>
#include <volley/detail/join.hpp>
#include <volley/detail/pipeline.hpp>
#include <volley/detail/shuffle.hpp>
#include <volley/detail/sort_source.hpp>
#include <volley/detail/sources.hpp>
#include <volley/error.hpp>
#include <volley/partitioner.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace volley {

template <class T, class P = detail::AnyPipe<T>>
class Rdd;

namespace detail {

using program::LineagePtr;
using program::Partitioner;

/// "map at word_count.cpp:12".
std::string name_call(const char* operation, const std::source_location& where);

/// The absolute path of an output directory. Throws IoError.
std::string output_path(const std::string& directory);
/// Creates the directory, runs an action that writes a part for each partition, and commits it.
/// What an earlier attempt or run of the application left there gives way. Throws IoError.
/// `ending`: of the parts' names.
void save_output(const program::Lineage& rdd, const std::string& path, protocol::Closure action,
                 const std::string& call_site, const std::string& ending = {});
/// By its name. Throws InvalidArgument.
io::Codec output_codec(const std::string& name);

struct RddTraits {
  bool barrier = false;
  protocol::PartitionParts parts = protocol::PartitionParts::none;
  std::vector<program::PreferredHosts> hosts = {};  ///< what its partitions prefer
};

/// An RDD with these dependencies; `parents` are theirs.
LineagePtr make_lineage(const std::shared_ptr<program::ContextCore>& core, const char* name,
                        std::uint32_t partitions, std::vector<protocol::Dependency> dependencies,
                        std::vector<LineagePtr> parents, protocol::Closure compute,
                        std::vector<protocol::Bytes> payloads, Partitioner partitioner,
                        const std::source_location& where, RddTraits traits = {});
protocol::Dependency one_to_one(const LineagePtr& parent);

/// Partitions of a shuffle's result: asked for, configured, or as many as the largest parent has.
std::uint32_t shuffle_partitions(const std::vector<LineagePtr>& parents, std::uint32_t asked);
/// The partitioner of a keyed operation over these parents (Spark's defaultPartitioner).
Partitioner choose_partitioner(const std::vector<LineagePtr>& parents, const Partitions& asked);

inline std::vector<std::uint32_t> index_range(std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> indices(to - from);
  std::iota(indices.begin(), indices.end(), from);
  return indices;
}

template <class T>
T decode_result(const protocol::Bytes& bytes) {
  auto value = protocol::decode<T>(bytes);
  VOLLEY_CHECK(value.has_value(), "a task result of {} bytes does not decode", bytes.size());
  return std::move(*value);
}

template <class P>
protocol::Closure compute_closure(protocol::Bytes captures) {
  return {program::identify(reinterpret_cast<const void*>(&P::compute)), std::move(captures)};
}

/// Captures of an operation's RDD: OperationHeader, then its function.
template <class F>
protocol::Bytes pack_operation(bool chained, const F& function, const std::string& operation) {
  protocol::Bytes captures;
  {
    protocol::Writer out(captures);
    protocol::write(out, OperationHeader{chained});
    pack_function(out, function, operation);
  }
  return captures;
}

template <class P>
LineagePtr make_narrow(const LineagePtr& parent, const char* name, protocol::Bytes captures,
                       Partitioner partitioner, const std::source_location& where,
                       protocol::PartitionParts parts = protocol::PartitionParts::none) {
  return make_lineage(parent->core(), name, parent->partitions(), {one_to_one(parent)}, {parent},
                      compute_closure<P>(std::move(captures)), {}, partitioner, where,
                      {.parts = parts});
}

/// Of an operation on single records: some want to know where in the partition they are.
template <class F>
inline constexpr protocol::PartitionParts parts_of = requires(F& f) {
  f.begin_partition(0U, 0U);
}
? protocol::PartitionParts::none : protocol::PartitionParts::by_record;

struct MarkRecord {
  template <class T>
  auto operator()(const T& record) const {
    return std::pair<T, Nothing>(record, Nothing{});
  }
};

/// Stands for the records of a partition where only types are asked for.
struct ProbeRun {
  template <class Sink>
  void operator()(Sink&) const {}
};
/// What run_job's f(records) gives.
template <class T, class F>
using job_value = owned_t<
    std::decay_t<decltype(std::declval<F&>()(std::declval<PartitionRecords<T, ProbeRun>&>()))>>;

template <class F, class Records>
auto call_on_partition(F& f, Records& records, std::false_type) -> decltype(f(records));
template <class F, class Records>
auto call_on_partition(F& f, Records& records, std::true_type) -> decltype(f(0U, records));

/// The record type of map_partitions over pipe P with function F.
template <class P, class F, bool with_index>
struct partitions_result {
  using records = PartitionRecords<typename P::record, ProbeRun>;
  using range = decltype(call_on_partition(std::declval<F&>(), std::declval<records&>(),
                                           std::bool_constant<with_index>{}));
  using type = element_t<std::remove_reference_t<range>>;
};
template <class P, class F, bool with_index>
using partitions_source =
    MapPartitionsSource<P, F, typename partitions_result<P, F, with_index>::type, with_index>;

template <class T>
Rdd<T> make_union(std::vector<LineagePtr> parents, const std::source_location& where) {
  // Inputs without partitions add nothing, and would cost the others their common partitioner.
  const LineagePtr first = parents.front();
  std::erase_if(parents, [](const LineagePtr& parent) { return parent->partitions() == 0; });
  if (parents.empty()) parents.push_back(first);
  const Partitioner common = parents.front()->partitioner();
  const bool aligned =
      common && std::all_of(parents.begin(), parents.end(), [&](const LineagePtr& parent) {
        return parent->partitioner() == common;
      });
  std::vector<protocol::Dependency> dependencies;
  std::uint32_t partitions = aligned ? parents.front()->partitions() : 0;
  for (const LineagePtr& parent : parents) {
    if (aligned) {
      dependencies.push_back(one_to_one(parent));
      continue;
    }
    protocol::Dependency dependency;
    dependency.kind = protocol::DependencyKind::range;
    dependency.parent = parent->id();
    dependency.out_start = partitions;
    dependency.length = parent->partitions();
    partitions += parent->partitions();
    dependencies.push_back(std::move(dependency));
  }
  const auto core = parents.front()->core();
  const Partitioner partitioner = aligned ? common : Partitioner{};
  return Rdd<T>(make_lineage(core, "union", partitions, std::move(dependencies), std::move(parents),
                             compute_closure<Pipe<UnionSource<T>>>({}), {}, partitioner, where),
                true);
}

/// A shuffle dependency on `rdd` whose map task is `task` with header, partition function, extras.
template <class R, class Partition, class PackMore>
protocol::Dependency shuffle_dependency(const R& rdd,
                                        void (*task)(TaskContext&, base::RddId, std::uint32_t,
                                                     std::span<const std::byte>, protocol::Bytes&),
                                        const Partition& partition, std::uint32_t reducers,
                                        PackMore&& pack_more) {
  protocol::Dependency dependency;
  dependency.kind = protocol::DependencyKind::shuffle;
  dependency.parent = rdd.id();
  dependency.shuffle = rdd.lineage()->core()->next_shuffle();
  dependency.reducers = reducers;
  dependency.writer.function = program::identify(reinterpret_cast<const void*>(task));
  protocol::Writer out(dependency.writer.captures);
  protocol::write(out, MapTaskHeader{rdd.chained(), reducers});
  protocol::write(out, partition);
  pack_more(out);
  out.finish();
  return dependency;
}

/// reduce_by_key and its kin: folds the values of each key to a C. `in_place`: equal keys are in
/// one partition, whatever the partitioner says.
template <class C, class Fold, class R, class F>
auto fold_by_key(const R& rdd, const char* name, const F& function, const Partitions& partitions,
                 const std::source_location& where, bool in_place = false) {
  using P = typename R::pipe_type;
  using T = typename R::record_type;
  using K = owned_t<typename T::first_type>;
  using V = owned_t<typename T::second_type>;
  using Shuffled = std::conditional_t<Fold::combines_before_shuffle, C, V>;
  using Folded = Pipe<FoldSource<T, Shuffled, C, Fold, F>>;
  const std::string call = name_call(name, where);
  const Partitioner partitioner =
      in_place ? rdd.lineage()->partitioner() : choose_partitioner({rdd.lineage()}, partitions);
  auto captures = pack_operation(rdd.chained(), function, call);
  if (rdd.lineage()->partitioner() == partitioner) {
    return Rdd<std::pair<K, C>, Folded>(
        make_narrow<Folded>(rdd.lineage(), name, std::move(captures), partitioner, where), true);
  }
  const auto task = [] {
    if constexpr (Fold::combines_before_shuffle) {
      return &combining_map_task<P, C, Fold, F, KeyPartition<K>>;
    } else {
      return &plain_map_task<P, KeyPartition<K>>;
    }
  }();
  auto dependency = shuffle_dependency(rdd, task, key_partition<K>(partitioner),
                                       partitioner.partitions, [&](protocol::Writer& out) {
                                         if constexpr (Fold::combines_before_shuffle)
                                           pack_function(out, function, call);
                                       });
  return Rdd<std::pair<K, C>, Folded>(
      make_lineage(rdd.lineage()->core(), name, partitioner.partitions, {std::move(dependency)},
                   {rdd.lineage()}, compute_closure<Folded>(std::move(captures)), {}, partitioner,
                   where),
      true);
}

/// How the records of a keyed operation's input come: as they are when they are partitioned right,
/// else by a shuffle.
template <class R>
protocol::Dependency keyed_side(const R& rdd, const Partitioner& partitioner) {
  using K = owned_t<typename R::record_type::first_type>;
  if (rdd.lineage()->partitioner() == partitioner) return one_to_one(rdd.lineage());
  return shuffle_dependency(rdd, &plain_map_task<typename R::pipe_type, KeyPartition<K>>,
                            key_partition<K>(partitioner), partitioner.partitions,
                            [](protocol::Writer&) {});
}

template <class R, class S>
auto make_join(const R& left, const S& right, const Partitions& partitions,
               const std::source_location& where) {
  using Joined = Pipe<JoinSource<typename R::record_type, typename S::record_type>>;
  const Partitioner partitioner = choose_partitioner({left.lineage(), right.lineage()}, partitions);
  std::vector<protocol::Dependency> dependencies;
  dependencies.push_back(keyed_side(left, partitioner));
  dependencies.push_back(keyed_side(right, partitioner));
  return Rdd<typename Joined::record, Joined>(
      make_lineage(left.lineage()->core(), "join", partitioner.partitions, std::move(dependencies),
                   {left.lineage(), right.lineage()}, compute_closure<Joined>({}), {}, partitioner,
                   where, {.parts = Joined::source_type::parts}),
      true);
}

/// Bounds of `partitions` ranges of about equal weight, from samples of every partition; ascending
/// by Less and distinct, so there may be fewer.
template <class Less, class K>
std::vector<K> range_bounds(std::vector<KeySample<K>> samples, std::uint32_t partitions) {
  struct Weighted {
    K key;
    double weight;
  };
  std::vector<Weighted> candidates;
  double total = 0;
  for (KeySample<K>& sample : samples) {
    const double weight = static_cast<double>(sample.records) /
                          static_cast<double>(std::max<std::size_t>(sample.keys.size(), 1));
    total += static_cast<double>(sample.records);
    for (K& key : sample.keys) candidates.push_back({std::move(key), weight});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Weighted& a, const Weighted& b) { return Less{}(a.key, b.key); });
  std::vector<K> bounds;
  const double step = total / partitions;
  double reached = 0;
  double target = step;
  for (const Weighted& candidate : candidates) {
    reached += candidate.weight;
    if (reached < target || bounds.size() + 1 >= partitions) continue;
    if (!bounds.empty() && !Less{}(bounds.back(), candidate.key)) continue;
    bounds.push_back(candidate.key);
    target += step;
  }
  // A bound that no key exceeds would leave the last partition empty.
  if (!bounds.empty() && !Less{}(bounds.back(), candidates.back().key)) bounds.pop_back();
  return bounds;
}

/// Ranges of the keys of an RDD, of about equal weight: a job samples them, unless there is one.
template <class Less, class R>
auto sample_ranges(const R& rdd, const char* name, std::uint32_t partitions,
                   const std::source_location& where) {
  using K = owned_t<typename R::record_type::first_type>;
  std::vector<KeySample<K>> samples(rdd.num_partitions());
  if (partitions > 1) {
    constexpr std::uint64_t samples_per_partition = 20;  // Spark's hint
    const std::uint64_t wanted =
        std::min<std::uint64_t>(samples_per_partition * partitions, 1000000);
    const std::uint64_t inputs = std::max<std::uint64_t>(rdd.num_partitions(), 1);
    const std::uint64_t each = (3 * wanted + inputs - 1) / inputs;
    rdd.template run<SampleKeysAction>(
        name, [&](protocol::Writer& out) { protocol::write(out, each); }, rdd.all_partitions(),
        where,
        [&](std::uint32_t index, const protocol::Bytes& result) {
          samples.at(index) = decode_result<KeySample<K>>(result);
        });
  }
  return RangePartition<K, Less>{range_bounds<Less>(std::move(samples), std::max(partitions, 1U))};
}

template <class Less, class R>
auto sort_by_key(const R& rdd, std::uint32_t partitions, const std::source_location& where) {
  using P = typename R::pipe_type;
  using T = typename R::record_type;
  using K = owned_t<typename T::first_type>;
  using V = owned_t<typename T::second_type>;
  const std::uint32_t asked = shuffle_partitions({rdd.lineage()}, partitions);
  const auto ranges = sample_ranges<Less>(rdd, "sort_by_key", asked, where);
  const auto reducers = static_cast<std::uint32_t>(asked == 0 ? 0 : ranges.bounds.size() + 1);
  auto dependency = shuffle_dependency(rdd, &plain_map_task<P, RangePartition<K, Less>>, ranges,
                                       reducers, [](protocol::Writer&) {});
  using Sorted = Pipe<SortSource<K, V, Less>>;
  return Rdd<std::pair<K, V>>(
      make_lineage(rdd.lineage()->core(), "sort_by_key", reducers, {std::move(dependency)},
                   {rdd.lineage()}, compute_closure<Sorted>({}), {},
                   function_partitioner<K>(Partitioner::Kind::range, reducers, ranges), where),
      true);
}

}  // namespace detail
}  // namespace volley
