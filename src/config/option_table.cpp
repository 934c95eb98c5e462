#include "config/option_table.hpp"

#include "config/allocation_options.hpp"
#include "config/recovery_options.hpp"
#include "config/scheduling_options.hpp"

#include <algorithm>
#include <array>

namespace volley::config {
namespace {

using enum OptionType;
using A = AppliesTo;
using C = Category;

constexpr Option general_options[] = {
    // --- application ---
    {.key = "volley.app.name",
     .type = text,
     .fallback = "",
     .doc = "Name of the application in logs and listings; empty: the file name of APP.",
     .category = C::application,
     .applies_to = A::application},
    {.key = "volley.app.queue",
     .type = text,
     .fallback = "default",
     .doc = "Queue that the application is submitted to; a run by itself has only one.",
     .category = C::application,
     .applies_to = A::application},
    {.key = "volley.app.priority",
     .type = integer,
     .fallback = "0",
     .doc = "Rank among the applications of its queue; higher ones come first.",
     .category = C::application,
     .applies_to = A::application,
     .minimum = "-1000000",
     .maximum = "1000000"},
    {.key = "volley.app.tags",
     .type = text,
     .fallback = "",
     .doc = "Comma-separated words that the application can be found by.",
     .category = C::application,
     .applies_to = A::application},
    {.key = "volley.master",
     .type = text,
     .fallback = "",
     .doc = "Where to run: local[N], local[*], slurm (the allocation) or mpi (this process is "
            "already a rank); empty: the allocation inside Slurm, else local[*].",
     .category = C::application,
     .applies_to = A::launch},
    {.key = "volley.submit.deployMode",
     .type = text,
     .fallback = "cluster",
     .doc = "Where the driver runs: with the ApplicationMaster (cluster) or in a container of its "
            "own on rank 0 (client).",
     .category = C::application,
     .applies_to = A::application,
     .choices = "cluster|client"},
    {.key = "volley.files",
     .type = text,
     .fallback = "",
     .doc =
         "Comma-separated files to copy to every node; volley::file_path(name) finds them there.",
     .category = C::application,
     .applies_to = A::application},
    {.key = "volley.isolation",
     .type = text,
     .fallback = "process",
     .doc = "Containers are processes of their own (process) or threads of their rank (none; for "
            "debuggers, sanitizers, and tasks that call MPI).",
     .category = C::application,
     .applies_to = A::cluster,
     .choices = "process|none"},
    {.key = "volley.log.level",
     .type = text,
     .fallback = "info",
     .doc = "Least important log lines to write.",
     .category = C::application,
     .applies_to = A::application,
     .choices = "debug|info|warn|error|off"},
    {.key = "volley.ui.showConsoleProgress",
     .type = boolean,
     .fallback = "true",
     .doc = "Show running stages on the console: a bar on a terminal, a line per stage in a file.",
     .category = C::application,
     .applies_to = A::application},
    // --- resources ---
    {.key = "volley.executor.instances",
     .type = integer,
     .fallback = "0",
     .doc = "Number of executors; 0: as many as the ranks can hold.",
     .category = C::resources,
     .applies_to = A::application,
     .minimum = "0",
     .maximum = "1000000"},
    {.key = "volley.executor.cores",
     .type = integer,
     .fallback = "0",
     .doc = "Slots (concurrent tasks) of each executor; 0: all slots of a rank.",
     .category = C::resources,
     .applies_to = A::application,
     .minimum = "0",
     .maximum = "65536"},
    {.key = "volley.executor.memory",
     .type = bytes,
     .fallback = "0",
     .doc = "Memory of each executor; 0: its slots' share of the rank's memory, of which a quarter "
            "or the driver's memory stays free.",
     .category = C::resources,
     .applies_to = A::application,
     .minimum = "16m",
     .unit = "m"},
    {.key = "volley.driver.cores",
     .type = integer,
     .fallback = "0",
     .doc = "Slots reserved for the driver; 0: it shares the cores of its rank.",
     .category = C::resources,
     .applies_to = A::application,
     .minimum = "0",
     .maximum = "65536"},
    {.key = "volley.driver.memory",
     .type = bytes,
     .fallback = "1g",
     .doc = "Memory of the driver.",
     .category = C::resources,
     .applies_to = A::application,
     .minimum = "16m",
     .unit = "m"},
    {.key = "volley.driver.maxResultSize",
     .type = bytes,
     .fallback = "1g",
     .doc = "Limit on the results of one action that reach the driver; 0: no limit.",
     .category = C::resources,
     .applies_to = A::application,
     .minimum = "0",
     .unit = "b"},
    // --- execution ---
    {.key = "volley.memory.fraction",
     .type = number,
     .fallback = "0.6",
     .doc = "Share of an executor's memory for execution and storage: hash tables, sort buffers, "
            "cached blocks.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "0.01",
     .maximum = "1"},
    {.key = "volley.memory.storageFraction",
     .type = number,
     .fallback = "0.5",
     .doc =
         "Share of that memory in which cached blocks stay when tasks need memory; what is cached "
         "beyond it makes way.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "0",
     .maximum = "1"},
    {.key = "volley.memory.shuffleFraction",
     .type = number,
     .fallback = "0.25",
     .doc = "Share of an executor's memory that the node's arena may fill with shuffle data before "
            "it goes to disk.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "0",
     .maximum = "1"},
    {.key = "volley.default.parallelism",
     .type = integer,
     .fallback = "0",
     .doc = "Partitions of shuffles and of parallelize when the program does not say; 0: the slots "
            "of all executors, at least 2.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "0",
     .maximum = "10000000"},
    {.key = "volley.task.maxFailures",
     .type = integer,
     .fallback = "4",
     .doc = "Failures of one task after which its job fails.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "1",
     .maximum = "1000000"},
    {.key = "volley.locality.wait",
     .type = duration,
     .fallback = "3s",
     .doc = "How long a task waits for a slot near its data before it takes any.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "0",
     .unit = "ms"},
    {.key = "volley.scheduler.minRegisteredResourcesRatio",
     .type = number,
     .fallback = "0.8",
     .doc = "Share of the requested executors that must have registered before tasks start.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "0",
     .maximum = "1"},
    {.key = "volley.scheduler.maxRegisteredResourcesWaitingTime",
     .type = duration,
     .fallback = "30s",
     .doc = "Longest wait for that share.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "0",
     .unit = "ms"},
    {.key = "volley.executor.heartbeatInterval",
     .type = duration,
     .fallback = "10s",
     .doc = "Time between an executor's heartbeats; must be less than volley.network.timeout.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "1ms",
     .unit = "ms"},
    {.key = "volley.network.timeout",
     .type = duration,
     .fallback = "120s",
     .doc = "Silence after which an executor counts as lost.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "1ms",
     .unit = "s"},
    {.key = "volley.am.maxAttempts",
     .type = integer,
     .fallback = "2",
     .doc = "Starts of the ApplicationMaster before the application fails.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "1",
     .maximum = "100"},
    {.key = "volley.rdd.limit.initialNumPartitions",
     .type = integer,
     .fallback = "1",
     .doc = "Partitions that take() looks at first.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "1",
     .maximum = "1000000"},
    {.key = "volley.rdd.limit.scaleUpFactor",
     .type = integer,
     .fallback = "4",
     .doc = "How many times more partitions each further round of take() looks at.",
     .category = C::execution,
     .applies_to = A::application,
     .minimum = "2",
     .maximum = "1000000"},
    // --- input and output ---
    {.key = "volley.files.maxPartitionBytes",
     .type = bytes,
     .fallback = "128m",
     .doc = "Largest part of a file in one partition.",
     .category = C::input,
     .applies_to = A::application,
     .minimum = "1",
     .unit = "b"},
    {.key = "volley.files.ignoreMissingFiles",
     .type = boolean,
     .fallback = "false",
     .doc = "Go on without input files that are gone when their task reads them.",
     .category = C::input,
     .applies_to = A::application},
    {.key = "volley.files.ignoreCorruptFiles",
     .type = boolean,
     .fallback = "false",
     .doc = "Go on after what can be read of an input file that is damaged.",
     .category = C::input,
     .applies_to = A::application},
    {.key = "volley.output.validateSpecs",
     .type = boolean,
     .fallback = "true",
     .doc = "Refuse to write to an output directory that exists.",
     .category = C::input,
     .applies_to = A::application},
    // --- exchange ---
    {.key = "volley.local.dir",
     .type = text,
     .fallback = "",
     .doc = "Directory for temporary files, on a disk of the node; empty: $SLURM_TMPDIR, $TMPDIR, "
            "then /tmp.",
     .category = C::exchange,
     .applies_to = A::cluster},
    {.key = "volley.arena.size",
     .type = bytes,
     .fallback = "0",
     .doc = "Most memory of the node arena, which holds shuffle data; 0: the node's memory.",
     .category = C::exchange,
     .applies_to = A::cluster,
     .minimum = "0",
     .unit = "b"},
    {.key = "volley.spill.size",
     .type = bytes,
     .fallback = "0",
     .doc = "Most space in volley.local.dir that a node uses for data that memory has no room for; "
            "0: what is free there at the start.",
     .category = C::exchange,
     .applies_to = A::cluster,
     .minimum = "0",
     .unit = "b"},
    {.key = "volley.arena.slab",
     .type = bytes,
     .fallback = "1m",
     .doc = "Unit in which the node arena is handed out.",
     .category = C::exchange,
     .applies_to = A::cluster,
     .minimum = "4k",
     .maximum = "1g",
     .unit = "b"},
    {.key = "volley.exchange.segment",
     .type = bytes,
     .fallback = "1m",
     .doc = "Largest message of a shuffle between nodes.",
     .category = C::exchange,
     .applies_to = A::cluster,
     .minimum = "64",
     .maximum = "1g",
     .unit = "b"},
    {.key = "volley.exchange.window",
     .type = integer,
     .fallback = "8",
     .doc = "Messages of a shuffle that a rank has under way at once.",
     .category = C::exchange,
     .applies_to = A::cluster,
     .minimum = "1",
     .maximum = "4096"},
    {.key = "volley.shuffle.checksum.enabled",
     .type = boolean,
     .fallback = "true",
     .doc = "Give shuffle data checksums, and check them where it came over the network or back "
            "from disk; damaged map outputs are made again.",
     .category = C::exchange,
     .applies_to = A::application},
    {.key = "volley.shuffle.compress",
     .type = boolean,
     .fallback = "false",
     .doc = "Compress shuffle data that goes between nodes; of use where the network is slower "
            "than a compressor on one core, which an interconnect is not.",
     .category = C::exchange,
     .applies_to = A::application},
    {.key = "volley.io.compression.codec",
     .type = text,
     .fallback = "lz4",
     .doc = "What it is compressed with: lz4 is faster, zstd makes it smaller.",
     .category = C::exchange,
     .applies_to = A::application,
     .choices = "lz4|zstd"},
    {.key = "volley.broadcast.blockSize",
     .type = bytes,
     .fallback = "4m",
     .doc = "Broadcasts move between nodes in pieces of this size, each with a checksum; a node "
            "passes them on as they come.",
     .category = C::exchange,
     .applies_to = A::application,
     .minimum = "1k",
     .maximum = "1g",
     .unit = "b"},
    {.key = "volley.router.segment",
     .type = bytes,
     .fallback = "64m",
     .doc = "Largest MPI message between ranks; longer ones are split.",
     .category = C::exchange,
     .applies_to = A::cluster,
     .minimum = "64",
     .maximum = "1g",
     .unit = "b"},
    // --- cluster ---
    {.key = "volley.node.ranks",
     .type = integer,
     .fallback = "0",
     .doc = "Treat each group of this many ranks as a node of its own; 0: the real nodes.",
     .category = C::cluster,
     .applies_to = A::cluster,
     .minimum = "0",
     .maximum = "1000000"},
    {.key = "volley.rank.slots",
     .type = integer,
     .fallback = "0",
     .doc = "Slots that a rank offers; 0: its cores, shared with the node's other ranks.",
     .category = C::cluster,
     .applies_to = A::cluster,
     .minimum = "0",
     .maximum = "65536"},
    {.key = "volley.rank.memory",
     .type = bytes,
     .fallback = "0",
     .doc = "Memory that a rank offers; 0: its share of the node's memory.",
     .category = C::cluster,
     .applies_to = A::cluster,
     .minimum = "0",
     .unit = "m"},
};

constexpr std::size_t categories = 6;
constexpr std::size_t number_of_options =
    std::size(general_options) + std::size(allocation_options) + std::size(recovery_options) +
    std::size(scheduling_options);

/// All of them by category, in the order of their files.
consteval std::array<Option, number_of_options> by_category() {
  std::array<Option, number_of_options> all{};
  std::size_t next = 0;
  for (std::size_t category = 0; category < categories; ++category) {
    const auto take = [&](const Option& option) {
      if (static_cast<std::size_t>(option.category) == category) all[next++] = option;
    };
    for (const Option& option : general_options) take(option);
    for (const Option& option : allocation_options) take(option);
    for (const Option& option : recovery_options) take(option);
    for (const Option& option : scheduling_options) take(option);
  }
  return all;
}

constexpr std::array<Option, number_of_options> options = by_category();

}  // namespace

std::span<const Option> option_table() { return options; }

const Option* find_option(std::string_view key) {
  const auto* found = std::find_if(options.begin(), options.end(),
                                   [&](const Option& option) { return option.key == key; });
  return found == options.end() ? nullptr : found;
}

std::string_view name_of(OptionType type) {
  static constexpr std::array<std::string_view, 6> names{"size",    "duration", "integer",
                                                         "boolean", "number",   "text"};
  return names.at(static_cast<std::size_t>(type));
}

std::string_view name_of(Category category) {
  static constexpr std::array<std::string_view, 6> names{
      "Application", "Resources", "Execution", "Input and output", "Shuffles and temporary files",
      "Cluster"};
  return names.at(static_cast<std::size_t>(category));
}

std::string_view name_of(AppliesTo applies_to) {
  static constexpr std::array<std::string_view, 3> names{"launch", "cluster", "application"};
  return names.at(static_cast<std::size_t>(applies_to));
}

}  // namespace volley::config
