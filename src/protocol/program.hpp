#pragma once
// What travels of a program: code by identity, captures by value, and the lineage of an RDD as
// plain data. Written by the typed API, cut into stages by the DagScheduler, rebuilt by executors.

#include "base/ids.hpp"
#include "protocol/codec.hpp"
#include "protocol/storage_level.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace volley::protocol {

/// A function of the program: the build-id of its module (hashed) and its offset in that module.
struct FunctionRef {
  std::uint64_t module = 0;
  std::uint64_t offset = 0;
};

/// A function with the serialized values it captured.
struct Closure {
  FunctionRef function;
  Bytes captures;
};

/// How a partition of an RDD depends on partitions of a parent.
enum class DependencyKind : std::uint8_t {
  one_to_one,  ///< partition i reads parent partition i
  range,       ///< partitions [out_start, out_start + length) read parent partitions from 0 on
  groups,      ///< partition i reads the parent partitions listed in groups[i]
  shuffle,     ///< every partition reads its share of a shuffle
};

struct Dependency {
  DependencyKind kind = DependencyKind::one_to_one;
  base::RddId parent = 0;
  std::uint32_t out_start = 0;                     ///< range only
  std::uint32_t length = 0;                        ///< range only
  std::vector<std::vector<std::uint32_t>> groups;  ///< groups only
  base::ShuffleNumber shuffle = 0;                 ///< shuffle only
  std::uint32_t reducers = 0;                      ///< shuffle only: number of reduce partitions
  Closure writer;                                  ///< shuffle only: the map task, run on `parent`
};

/// Whether a part of a partition can be computed by itself.
enum class PartitionParts : std::uint8_t {
  none,
  by_record,     ///< every record comes from one record of the only parent
  of_first_read  ///< every record comes from one record of the first dependency, and all others
};

/// One RDD of a lineage.
struct RddSpec {
  base::RddId id = 0;
  std::string name;       ///< operation and, if set, the user's name; for the debug string and UI
  std::string call_site;  ///< "file.cpp:12"
  std::uint32_t partitions = 0;
  std::vector<Dependency> dependencies;
  Closure compute;  ///< makes the executor-side object that computes partitions
  /// Source RDDs only: what each partition needs (a slice of values, a byte range of a file). Goes
  /// only to the task that computes the partition.
  std::vector<std::shared_ptr<const Bytes>> payloads;
  bool barrier = false;  ///< its tasks start together or not at all, and fail together
  /// Which hosts are best for each partition; empty: any will do. Stays with the driver.
  std::vector<std::vector<std::string>> hosts = {};
  /// Its records are read from a checkpoint: `compute` and `payloads` are not the operation's, and
  /// code that was compiled together with the operation must not be used.
  bool replaced = false;
  PartitionParts parts = PartitionParts::none;
};
using RddSpecPtr = std::shared_ptr<const RddSpec>;

/// How the partitions of a persisted RDD are kept.
struct StoredRdd {
  base::RddId rdd = 0;
  StorageLevel level = StorageLevel::memory_only;
  FunctionRef codec;  ///< gives its BlockCodec; 0: it is only kept as objects
};

/// A file that the program has added: tasks read its bytes from a broadcast.
struct AddedFile {
  std::string name;
  std::uint32_t broadcast = 0;
};

/// Everything an executor needs to run tasks of a stage, sent once per executor and stage attempt.
/// The specs carry no payloads; parents come before children.
struct StageBinary {
  std::vector<RddSpec> rdds;
  std::vector<base::RddId> persisted;  ///< RDDs whose partitions are cached when computed
  std::vector<StoredRdd> stored;       ///< how, of those that are not kept as objects in memory
  base::RddId final_rdd = 0;
  Closure task;  ///< the shuffle writer or the action's per-partition function
  bool writes_shuffle = false;
  base::ShuffleNumber shuffle = 0;  ///< when writes_shuffle
  std::uint32_t reducers = 0;       ///< when writes_shuffle
  /// The local properties of the job that the stage runs for.
  std::vector<std::pair<std::string, std::string>> properties;
  bool keeps_blocks = false;          ///< as the job says
  std::vector<AddedFile> files = {};  ///< of the same job
};

/// The payload of one source partition for one task.
struct SourceInput {
  base::RddId rdd = 0;
  std::uint32_t partition = 0;
  std::shared_ptr<const Bytes> payload;
};

/// What one task added to one accumulator.
struct AccumulatorUpdate {
  std::uint32_t accumulator = 0;
  Bytes value;
};

/// Where a task finds one reduce partition: the rank whose shuffle service lists its chunks.
struct ShuffleInput {
  base::ShuffleNumber shuffle = 0;
  std::uint32_t partition = 0;
  base::Rank holder = base::no_rank;
};

/// What a task computes that does not compute all of a partition: of the shuffle, it reads what the
/// map outputs [first_map, end_map) have brought.
struct TaskPart {
  std::uint32_t partition = 0;
  base::ShuffleNumber shuffle = 0;
  std::uint32_t first_map = 0;
  std::uint32_t end_map = 0;
  bool operator==(const TaskPart&) const = default;
};

}  // namespace volley::protocol
