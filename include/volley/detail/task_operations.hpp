#pragma once
// TaskOperations: the transformations of Rdd whose functions deal with the task itself, or with a
// process beside it.

#include "io/text_input.hpp"
#include "program/piped_process.hpp"

#include <volley/detail/pipeline.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/detail/sources.hpp>
#include <volley/running_task.hpp>
#include <volley/text.hpp>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley {

/// What pipe() does beside starting the command.
struct PipeOptions {
  std::map<std::string, std::string> environment = {};  ///< added to the executor's
  /// Each task's command runs in an empty directory of its own, below the first of volley.local.dir
  /// or else the executor's working directory; it is removed afterwards.
  bool separate_working_dir = false;
  std::uint64_t buffer_size = 8192;  ///< bytes of records that are collected before they are sent
};

namespace detail {

struct PrintNothing {
  template <class Print>
  void operator()(Print&&) const {}
};
struct PrintRecord {
  template <class R, class Print>
  void operator()(const R& record, Print&& print) const {
    std::string line;
    append_text(line, record);
    print(line);
  }
};

/// The words of a command, as white space parts them.
std::vector<std::string> words_of(std::string_view command);
/// Where directories of its own are made for a command.
std::string pipe_scratch(const std::vector<std::pair<std::string, std::string>>& configuration);

/// The file that a partition of a chain over text files is a part of; empty: none is known.
template <class P>
std::string input_file(TaskContext& context, base::RddId rdd, std::uint32_t partition,
                       bool chained) {
  if constexpr (std::is_same_v<typename P::source_type, TextSource>) {
    for (std::size_t i = 0; chained && i < P::depth; ++i) {
      const protocol::RddSpec& spec = context.plan().rdd(rdd);
      if (spec.replaced) return {};
      rdd = spec.dependencies.front().parent;
    }
    if (!chained || context.plan().rdd(rdd).replaced) return {};
    const auto split = protocol::decode<io::TextSplit>(context.payload(rdd, partition));
    if (split) return split->path;
  }
  return {};
}

/// The lines that a command prints while it is given the records of P's partition.
template <class P, class F>
struct PipedSource {
  using record = std::string;
  using function_type = F;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    Operation<F> operation(context, rdd);
    F& functions = operation.function();
    program::PipeCommand command = part_of<0>(functions).value;
    const std::string file =
        input_file<P>(context, operation.parent(), partition, operation.chained());
    if (!file.empty()) {
      command.environment.emplace_back("map_input_file", file);
      command.environment.emplace_back("mapreduce_map_input_file", file);
    }
    program::PipedProcess process(
        command, pipe_scratch(context.services().configuration()),
        [&](std::string_view line) { emit(std::string(line)); }, [&] { context.check_stop(); });
    auto print = [&](std::string_view line) { process.write_line(line); };
    part_of<1>(functions)(print);
    auto visit = [&](auto&& one) { part_of<2>(functions)(std::as_const(one), print); };
    operation.template pull<P>(partition, visit);
    process.finish();
  }
};

/// map_partitions_with_task: f(task, records) -> range.
template <class P, class F, class U>
struct TaskSource {
  using record = U;
  using function_type = F;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    RunningTask task(context, partition, context.plan().rdd(rdd).partitions);
    const auto call = [&](auto& f, auto& records) -> decltype(auto) { return f(task, records); };
    emit_partition<P, F, U>(context, rdd, partition, emit, call);
  }
};
template <class P, class F>
using task_source =
    TaskSource<P, F,
               element_t<std::remove_reference_t<decltype(std::declval<F&>()(
                   std::declval<RunningTask&>(),
                   std::declval<PartitionRecords<typename P::record, ProbeRun>&>()))>>>;

template <class Self, class T, class P>
class TaskOperations {
 public:
  using Where = std::source_location;

  /// The lines that `command` prints, run once per partition with the records on its standard
  /// input, a line each, as text files hold them. A command that ends with another status than 0
  /// makes the task fail. What it prints as errors goes where the executor's own output goes. For
  /// parts of text files the environment has map_input_file. A string is parted at white space; for
  /// a shell's syntax say {"sh", "-c", "..."}.
  template <class PrintContext = PrintNothing, class Print = PrintRecord>
  auto pipe(const std::vector<std::string>& command, const PipeOptions& options = {},
            PrintContext print_context = {}, Print print_record = {},
            Where where = Where::current()) const {
    VOLLEY_REQUIRE_SHIPPABLE(PrintContext);
    VOLLEY_REQUIRE_SHIPPABLE(Print);
    if (command.empty()) throw InvalidArgument("pipe needs a command");
    program::PipeCommand shipped;
    shipped.arguments = command;
    shipped.environment.assign(options.environment.begin(), options.environment.end());
    shipped.separate_working_dir = options.separate_working_dir;
    shipped.buffer_size = options.buffer_size;
    auto functions = make_functions(Value<program::PipeCommand>{std::move(shipped)}, print_context,
                                    print_record);
    using Q = Pipe<PipedSource<P, decltype(functions)>>;
    auto captures = pack_operation(self().chained(), functions, name_call("pipe", where));
    return Rdd<std::string, Q>(
        make_narrow<Q>(self().lineage(), "pipe", std::move(captures), {}, where), true);
  }
  template <class PrintContext = PrintNothing, class Print = PrintRecord>
  auto pipe(std::initializer_list<const char*> command, const PipeOptions& options = {},
            PrintContext print_context = {}, Print print_record = {},
            Where where = Where::current()) const {
    return pipe(std::vector<std::string>(command.begin(), command.end()), options, print_context,
                print_record, where);
  }
  /// `print_context(print)` prints lines before the records, `print_record(record, print)` those of
  /// a record: print("text") is one line.
  template <class PrintContext = PrintNothing, class Print = PrintRecord>
  auto pipe(const std::string& command, const PipeOptions& options = {},
            PrintContext print_context = {}, Print print_record = {},
            Where where = Where::current()) const {
    return pipe(words_of(command), options, print_context, print_record, where);
  }

  /// As map_partitions, of f(task, records); `task` is a RunningTask&.
  template <class F>
  auto map_partitions_with_task(F f, bool preserves_partitioning = false,
                                Where where = Where::current()) const {
    VOLLEY_REQUIRE_SHIPPABLE(F);
    constexpr const char* name = "map_partitions_with_task";
    using Q = Pipe<task_source<P, F>>;
    auto captures = pack_operation(self().chained(), f, name_call(name, where));
    auto partitioner = preserves_partitioning ? self().lineage()->partitioner() : Partitioner{};
    return Rdd<typename Q::record, Q>(
        make_narrow<Q>(self().lineage(), name, std::move(captures), std::move(partitioner), where),
        true);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace detail
}  // namespace volley
