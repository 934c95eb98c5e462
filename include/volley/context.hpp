#pragma once
// Context: where a program's RDDs come from. The runtime makes it and hands it to the application's
// function; it is valid until that function returns.

#include "program/context_core.hpp"

#include <volley/accumulator.hpp>
#include <volley/broadcast.hpp>
#include <volley/detail/hdf5_rows.hpp>
#include <volley/hdf5.hpp>
#include <volley/listener.hpp>
#include <volley/rdd.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <set>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley {

class Context {
 public:
  using Where = std::source_location;

  explicit Context(std::shared_ptr<program::ContextCore> core) : core_(std::move(core)) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The values in `slices` partitions: slice i holds values [i * n / slices, (i + 1) * n /
  /// slices). 0 slices: default_parallelism().
  template <std::ranges::input_range Values>
  auto parallelize(const Values& values, std::uint32_t slices = 0, Where where = Where::current()) {
    using T = owned_t<std::ranges::range_value_t<Values>>;
    std::vector<T> all;
    for (const auto& value : values) all.push_back(detail::to_owned(value));
    return make_slices<T>(all, slices, where);
  }
  template <class T>
  auto parallelize(std::initializer_list<T> values, std::uint32_t slices = 0,
                   Where where = Where::current()) {
    return parallelize(std::vector<T>(values), slices, where);
  }

  /// Each value in a partition of its own, best computed on one of the hosts beside it.
  template <class T>
  auto make_rdd(const std::vector<std::pair<T, std::vector<std::string>>>& values,
                Where where = Where::current()) {
    using U = owned_t<T>;
    using P = detail::Pipe<detail::ValuesSource<U>>;
    core_->check_running();
    std::vector<protocol::Bytes> payloads;
    std::vector<program::PreferredHosts> hosts;
    for (const auto& [value, preferred] : values) {
      payloads.push_back(protocol::encode(std::vector<U>{detail::to_owned(value)}));
      hosts.push_back(preferred);
    }
    return Rdd<U, P>(
        detail::make_lineage(core_, "make_rdd", static_cast<std::uint32_t>(values.size()), {}, {},
                             detail::compute_closure<P>({}), std::move(payloads), {}, where,
                             {.hosts = std::move(hosts)}),
        true);
  }

  /// No records in no partitions.
  template <class T>
  Rdd<T> empty_rdd(Where where = Where::current()) {
    using P = detail::Pipe<detail::ValuesSource<T>>;
    core_->check_running();
    return Rdd<T, P>(detail::make_lineage(core_, "empty_rdd", 0, {}, {},
                                          detail::compute_closure<P>({}), {}, {}, where),
                     true);
  }

  /// start, start + step, ... up to but not including end. Throws InvalidArgument for step 0.
  Rdd<std::int64_t, detail::Pipe<detail::RangeSource>> range(std::int64_t start, std::int64_t end,
                                                             std::int64_t step = 1,
                                                             std::uint32_t slices = 0,
                                                             Where where = Where::current());

  /// The lines of text files, without their line ends (LF or CRLF), as views: a file, a directory,
  /// a glob, or several of these separated by commas; .gz, .zst and .lz4 files are one partition
  /// each. At least about `min_partitions` (0: default_parallelism()) byte ranges of at most
  /// volley.files.maxPartitionBytes. Throws IoError when a path does not exist or cannot be read.
  Rdd<std::string_view, detail::Pipe<detail::TextSource>> text_file(
      const std::string& paths, std::uint32_t min_partitions = 0, Where where = Where::current());

  /// The records of binary files that hold nothing but objects of T as they lie in memory (numbers,
  /// enums, arrays, pairs and structs of these), in this machine's byte order: `paths` and
  /// partitions as for text_file. Throws IoError when a file's size is no multiple of sizeof(T), or
  /// as text_file does.
  template <class T>
  Rdd<T, detail::Pipe<detail::BinarySource<T>>> binary_records(const std::string& paths,
                                                               std::uint32_t min_partitions = 0,
                                                               Where where = Where::current()) {
    VOLLEY_REQUIRE_BITWISE("binary_records", T);
    core_->check_running();
    using P = detail::Pipe<detail::BinarySource<T>>;
    auto splits = plan_binary_records(paths, sizeof(T), min_partitions);
    const auto partitions = static_cast<std::uint32_t>(splits.size());
    return {detail::make_lineage(core_, "binary_records", partitions, {}, {},
                                 detail::compute_closure<P>({}), std::move(splits), {}, where),
            true};
  }

  /// The records of binary files of records of `length` bytes, as views: `paths` and partitions as
  /// for text_file. Throws IoError when a file's size is no multiple of the length, or as text_file
  /// does; InvalidArgument for length 0.
  Rdd<std::string_view, detail::Pipe<detail::RecordViewSource>> binary_records(
      const std::string& paths, std::size_t length, std::uint32_t min_partitions = 0,
      Where where = Where::current());

  /// Path and content of each file, neighbours together in `min_partitions` partitions (0: 2), in
  /// no more than there are files; `paths` as for text_file. Compressed files are decompressed.
  Rdd<std::pair<std::string, std::string>, detail::Pipe<detail::WholeFilesSource>> whole_text_files(
      const std::string& paths, std::uint32_t min_partitions = 0, Where where = Where::current());
  /// The same with the bytes as they are.
  Rdd<std::pair<std::string, std::string>, detail::Pipe<detail::WholeFilesSource>> binary_files(
      const std::string& paths, std::uint32_t min_partitions = 0, Where where = Where::current());

  /// What save_as_object_file has written, a partition for each part file: `paths` as for
  /// text_file. A file of other objects fails the job that reads it.
  template <class T>
  Rdd<T, detail::Pipe<detail::ObjectSource<T>>> object_file(const std::string& paths,
                                                            Where where = Where::current()) {
    static_assert(!detail::has_views<T>, "object_file<T>: records own what they hold");
    using P = detail::Pipe<detail::ObjectSource<T>>;
    auto splits = plan_object_files(paths);
    const auto partitions = static_cast<std::uint32_t>(splits.size());
    return {detail::make_lineage(core_, "object_file", partitions, {}, {},
                                 detail::compute_closure<P>({}), std::move(splits), {}, where),
            true};
  }

  /// The rows of a dataset of an HDF5 file (see hdf5.hpp for what a T can be), in partitions of
  /// whole chunks: about options.min_partitions, of at most volley.files.maxPartitionBytes as far
  /// as chunks are not larger. The file's metadata are read here, once. Throws IoError when there
  /// is no such file or dataset, when the file is damaged, or when its rows are no Ts.
  template <class T>
  Rdd<T, detail::Pipe<detail::Hdf5RowSource<T>>> hdf5_dataset(const std::string& path,
                                                              const std::string& dataset,
                                                              const Hdf5ReadOptions& options = {},
                                                              Where where = Where::current()) {
    VOLLEY_REQUIRE_HDF5("hdf5_dataset", T);
    using P = detail::Pipe<detail::Hdf5RowSource<T>>;
    auto splits = plan_hdf5_dataset(path, dataset, options, detail::hdf5_row<T>());
    const auto partitions = static_cast<std::uint32_t>(splits.size());
    return {detail::make_lineage(core_, "hdf5_dataset", partitions, {}, {},
                                 detail::compute_closure<P>({}), std::move(splits), {}, where),
            true};
  }

  /// All partitions of several RDDs of one record type. Throws InvalidArgument for an empty list.
  template <class T>
  Rdd<T> union_of(const std::vector<Rdd<T>>& rdds, Where where = Where::current()) {
    core_->check_running();
    if (rdds.empty()) throw InvalidArgument("union_of needs at least one RDD");
    std::vector<program::LineagePtr> parents;
    for (const Rdd<T>& rdd : rdds) parents.push_back(rdd.lineage());
    return detail::make_union<T>(std::move(parents), where);
  }

  /// Makes a value that all tasks can read, of any type that a shuffle can carry; it is copied at
  /// once. Throws JobFailed when the program's node has no room for it, IllegalState once the
  /// context is stopped.
  template <class T>
  Broadcast<owned_t<std::decay_t<const T&>>> broadcast(const T& value,
                                                       Where where = Where::current()) {
    static_assert(!detail::is_rdd<T>::value,
                  "an RDD cannot be broadcast: call collect() and broadcast the result");
    using Owned = owned_t<std::decay_t<const T&>>;
    const auto made = [&] {
      const auto call = detail::name_call("broadcast", where);
      if constexpr (std::is_same_v<T, Owned>) {
        return core_->broadcast(detail::BroadcastForm<Owned>::bytes_of(value), call);
      } else {
        const Owned owned = detail::to_owned(static_cast<std::decay_t<const T&>>(value));
        return core_->broadcast(detail::BroadcastForm<Owned>::bytes_of(owned), call);
      }
    }();
    return {made.created.number, core_->handle(), made.checksum};
  }

  enum class OnFailure { forget, count };
  /// An accumulator of a type of yours (see AccumulatorV2) that begins as `initial`; tasks begin
  /// with A{}. With OnFailure::count what tasks add counts also when they fail.
  template <class A>
  auto register_accumulator(A initial, const std::string& name = {},
                            OnFailure on_failure = OnFailure::forget) {
    static_assert(AccumulatorV2<A>,
                  "an accumulator's type needs merge(other), is_zero() and value(): see "
                  "volley::AccumulatorV2");
    auto held = std::make_unique<detail::TypedAccumulator<A>>(std::move(initial));
    const std::uint32_t id = core_->accumulators().add(std::move(held), name);
    return Accumulator<A>(id, core_->handle(), on_failure == OnFailure::count);
  }

  /// Sums that tasks add to; those with a name appear in the summary of the run.
  LongAccumulator long_accumulator(const std::string& name = {}) {
    return register_accumulator(SumAndCount<std::int64_t>{}, name);
  }
  DoubleAccumulator double_accumulator(const std::string& name = {}) {
    return register_accumulator(SumAndCount<double>{}, name);
  }
  /// Values that tasks add; they come back in no particular order.
  template <class T>
  CollectionAccumulator<T> collection_accumulator(const std::string& name = {}) {
    return register_accumulator(Collected<T>{}, name);
  }

  /// f(records) -> value for each of the partitions (all, unless they are said), in a job: the
  /// values in their order. `records` as for Rdd::map_partitions.
  template <class T, class P, class F>
  auto run_job(const Rdd<T, P>& rdd, F f, std::vector<std::uint32_t> partitions,
               Where where = Where::current()) {
    std::vector<std::optional<detail::job_value<T, F>>> found(partitions.size());
    run_job(
        rdd, f, std::move(partitions),
        [&](std::uint32_t index, detail::job_value<T, F>&& value) {
          found.at(index) = std::move(value);
        },
        where);
    std::vector<detail::job_value<T, F>> values;
    for (auto& value : found) values.push_back(std::move(*value));
    return values;
  }
  template <class T, class P, class F>
  auto run_job(const Rdd<T, P>& rdd, F f, Where where = Where::current()) {
    return run_job(rdd, std::move(f), rdd.all_partitions(), where);
  }
  /// The same, with on_result(index in `partitions`, value) called here as values come.
  template <class T, class P, class F, class OnResult>
  requires std::is_invocable_v<OnResult&, std::uint32_t, detail::job_value<T, F>>
  void run_job(const Rdd<T, P>& rdd, F f, std::vector<std::uint32_t> partitions, OnResult on_result,
               Where where = Where::current()) {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    using Value = detail::job_value<T, F>;
    rdd.template run<detail::PartitionAction<F, Value>>(
        "run_job",
        [&](auto& out) { detail::pack_function(out, f, detail::name_call("run_job", where)); },
        std::move(partitions), where,
        [&](std::uint32_t index, const protocol::Bytes& result) {
          on_result(index, detail::decode_result<Value>(result));
        });
  }
  /// run_job beside the program.
  template <class T, class P, class F>
  auto submit_job(const Rdd<T, P>& rdd, F f, std::vector<std::uint32_t> partitions,
                  Where where = Where::current()) {
    return Future<std::vector<detail::job_value<T, F>>>(
        core_, [core = core_, rdd, f, partitions = std::move(partitions), where]() mutable {
          return Context(core).run_job(rdd, f, std::move(partitions), where);
        });
  }

  // Jobs may run at the same time, each from a thread of its own. What is said here of jobs holds
  // for those that the calling thread submits from now on; cancelling works from any thread, and a
  // cancelled action throws JobFailed ("Job 3 cancelled ...").

  /// Jobs that can be cancelled together.
  void set_job_group(const std::string& group);
  void set_job_group(const std::string& group, const std::string& description) {
    set_job_group(group);
    set_job_description(description);
  }
  void clear_job_group() { set_job_group({}, {}); }
  /// Stands beside what the jobs are called.
  void set_job_description(const std::string& description);
  /// Any number of words by which jobs can be cancelled. Throws InvalidArgument for an empty one
  /// and for one with a comma.
  void add_job_tag(const std::string& tag);
  void remove_job_tag(const std::string& tag);
  void clear_job_tags();
  std::set<std::string> job_tags() const;
  /// The pool whose share of the slots they use when volley.scheduler.mode is FAIR.
  void set_scheduler_pool(const std::string& pool);
  /// What tasks can read with TaskContext::local_property; an empty value takes it back.
  void set_local_property(const std::string& key, const std::string& value);
  std::string local_property(const std::string& key) const;

  /// Where checkpointed RDDs go, in a directory of their own for each run: it must be on a file
  /// system that all nodes see. Throws IoError when it cannot be made.
  void set_checkpoint_dir(const std::string& directory) {
    core_->checkpoints().set_directory(directory);
  }

  /// The records of a checkpoint that this or another run has written: Rdd::checkpoint_file. T must
  /// be their type. Throws IoError when it is not complete.
  template <class T>
  Rdd<T> checkpoint_file(const std::string& directory, Where where = Where::current()) {
    using P = detail::Pipe<detail::CheckpointSource<T>>;
    core_->check_running();
    auto parts = detail::checkpoint_parts(directory);
    const auto partitions = static_cast<std::uint32_t>(parts.size());
    return Rdd<T, P>(
        detail::make_lineage(core_, "checkpoint_file", partitions, {}, {},
                             detail::compute_closure<P>({}), std::move(parts), {}, where),
        true);
  }
  /// Those that have a storage level, by id.
  std::map<std::uint32_t, StorageLevel> persistent_rdds() const { return core_->persisted(); }

  /// Jobs that run now, from whichever thread.
  std::vector<std::uint32_t> active_jobs() const;
  void cancel_job(std::uint32_t job, const std::string& reason = {});
  void cancel_job_group(const std::string& group, const std::string& reason = {});
  /// Those, too, that will be submitted in the group.
  void cancel_job_group_and_future_jobs(const std::string& group, const std::string& reason = {});
  void cancel_jobs_with_tag(const std::string& tag, const std::string& reason = {});
  /// Every job that needs the stage.
  void cancel_stage(std::uint32_t stage, const std::string& reason = {});
  void cancel_all_jobs();
  /// Asks one attempt at a task to stop, and has the task run again: not a failure, so that it does
  /// not count towards volley.task.maxFailures. The id is that of TaskInfo or of
  /// TaskContext::task_attempt_id. An attempt that succeeds before it is reached has succeeded.
  /// False when no such attempt runs.
  bool kill_task_attempt(std::uint64_t task_attempt_id,
                         const std::string& reason = "killed via Context::kill_task_attempt");

  /// The listener hears from now on of what happens (see listener.hpp), until it is removed or the
  /// program ends. Throws InvalidArgument for null.
  void add_listener(std::shared_ptr<Listener> listener);
  /// It hears nothing more once this has returned; called from the listener itself, nothing after
  /// that call. Nothing when it is not registered.
  void remove_listener(const std::shared_ptr<Listener>& listener);

  /// Lets tasks of jobs that are submitted from now on read a file of the program's node, on any
  /// executor, by its name without directories: volley::file_path. Its bytes are taken now, and
  /// come to each node once, when a task there asks; at most 1 GiB. The same content again is
  /// nothing. Throws IoError when it cannot be read, InvalidArgument for a directory, a larger
  /// file, and a name that means other content already.
  void add_file(const std::string& path, Where where = Where::current());
  /// The names of all that tasks can open: those of --files and those that were added.
  std::vector<std::string> list_files() const;

  /// volley.default.parallelism, or the slots of all executors, at least 2.
  std::uint32_t default_parallelism() { return core_->default_parallelism(); }
  /// What text_file would split files into at least, if Spark's default counted: 2 at most.
  std::uint32_t default_min_partitions() { return std::min(default_parallelism(), 2U); }

  /// Ends the program's use of the cluster: running jobs fail, and what makes RDDs or runs actions
  /// throws IllegalState from now on. The executors go when the application's function returns.
  void stop(Where where = Where::current());
  bool is_stopped() const { return core_->is_stopped(); }
  /// "0.1.0"
  static std::string version();
  /// When the cluster started.
  std::chrono::system_clock::time_point start_time() const;
  /// Counted from 1: which start of the program this is.
  std::uint32_t application_attempt() const { return core_->attempt(); }
  /// "application_1732060800_0001".
  std::string application_id() const { return base::to_string(core_->application()); }
  /// The value in force of an option, as text. Throws InvalidArgument for an unknown key.
  std::string configuration(const std::string& key) const;

 private:
  /// One encoded split for each partition.
  std::vector<protocol::Bytes> plan_binary_records(const std::string& paths,
                                                   std::size_t record_size,
                                                   std::uint32_t min_partitions) const;
  std::vector<protocol::Bytes> plan_object_files(const std::string& paths) const;
  Rdd<std::pair<std::string, std::string>, detail::Pipe<detail::WholeFilesSource>> make_files(
      const char* name, const std::string& paths, std::uint32_t min_partitions, bool raw,
      Where where);
  std::vector<protocol::Bytes> plan_hdf5_dataset(const std::string& path,
                                                 const std::string& dataset,
                                                 const Hdf5ReadOptions& options,
                                                 const io::Hdf5Row& row) const;

  template <class T>
  auto make_slices(const std::vector<T>& values, std::uint32_t slices, const Where& where) {
    core_->check_running();
    const std::uint64_t n = slices == 0 ? core_->default_parallelism() : slices;
    std::vector<protocol::Bytes> payloads;
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i * values.size() / n);
      const auto end = values.begin() + static_cast<std::ptrdiff_t>((i + 1) * values.size() / n);
      payloads.push_back(protocol::encode(std::vector<T>(begin, end)));
    }
    using P = detail::Pipe<detail::ValuesSource<T>>;
    return Rdd<T, P>(
        detail::make_lineage(core_, "parallelize", static_cast<std::uint32_t>(n), {}, {},
                             detail::compute_closure<P>({}), std::move(payloads), {}, where),
        true);
  }

  std::shared_ptr<program::ContextCore> core_;
};

}  // namespace volley
