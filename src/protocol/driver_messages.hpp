#pragma once
// Messages between driver, executors and shuffle services. Grouped by recipient, like
// cluster_messages.hpp.
//
//   program ──JobSubmitted──▶ driver ──StageDefined, TaskLaunched──▶ executor
//   executor ──MapOutputWritten──▶ its rank's shuffle service, then ──TaskFinished──▶ driver
//   driver ──ShuffleSizesRequested──▶ shuffle services ──ShuffleSizes──▶ driver
//   driver ──ExchangeRequested──▶ shuffle services ──ExchangeOffered + data──▶ each other
//   shuffle services ──ExchangeFinished──▶ driver ──TaskLaunched──▶ executor
//   executor ──PartitionRequested──▶ the holder's shuffle service ──PartitionListed──▶ executor
//   executor ──CommitRequested──▶ driver ──CommitAnswered──▶ executor
//   broadcasts: broadcast_messages.hpp

#include "base/ids.hpp"
#include "base/units.hpp"
#include "protocol/address.hpp"
#include "protocol/broadcast_messages.hpp"
#include "protocol/cluster_messages.hpp"
#include "protocol/events.hpp"
#include "protocol/program.hpp"
#include "protocol/task_records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace volley::protocol {

using base::JobId;
using base::RddId;
using base::ShuffleId;
using base::ShuffleNumber;

// --- shared records ------------------------------------------------------------------------------

/// Bytes of one reduce partition in the arena of the node they lie on.
struct Chunk {
  std::uint32_t partition = 0;  ///< reduce partition
  std::uint32_t map = 0;        ///< map partition that wrote it
  std::uint64_t offset = 0;     ///< from the start of the node arena
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  std::uint64_t checksum = 0;  ///< XXH3 of the bytes; 0: none was made
};

/// How shuffle data is compressed on its way between nodes.
enum class Codec : std::uint8_t { none, lz4, zstd };
inline constexpr std::size_t codecs = 3;

/// A cached partition.
struct BlockId {
  RddId rdd = 0;
  std::uint32_t partition = 0;
  auto operator<=>(const BlockId&) const = default;
};

/// A cached partition, and an executor that has it.
struct BlockInput {
  BlockId block;
  Address holder;
};

// --- to the driver -------------------------------------------------------------------------------

/// From the program: run `action` on partitions of `final_rdd`. `rdds` are all RDDs the job can
/// reach, parents before children.
struct JobSubmitted {
  JobId job = 0;
  RddId final_rdd = 0;
  std::vector<RddSpecPtr> rdds;
  std::vector<RddId> persisted;
  std::vector<StoredRdd> stored;  ///< of them, those that are not kept as objects in memory
  std::vector<std::uint32_t> partitions;
  Closure action;
  std::string call_site;  ///< "collect at main.cpp:12"
  std::string group;      ///< that it can be cancelled with; empty: none
  std::vector<std::string> tags;
  std::string pool;  ///< whose share it uses in FAIR mode; empty: the default one
  std::vector<std::pair<std::string, std::string>> properties;  ///< that its tasks can read
  bool keeps_blocks = false;  ///< the program has had RDDs kept: tasks leave them their memory
  std::vector<AddedFile> files = {};  ///< that its tasks can open
};
struct JobCancelRequested {
  JobId job = 0;
  std::string reason;
};
/// An empty reason: that the group was cancelled.
struct JobGroupCancelRequested {
  std::string group;
  std::string reason;
  bool future_jobs = false;  ///< also those that will be submitted in the group
};
struct TaggedJobsCancelRequested {
  std::string tag;
  std::string reason;
};
struct AllJobsCancelRequested {
  std::string reason;
};
/// Ends the jobs that need the stage.
struct StageCancelRequested {
  StageId stage = 0;
  std::string reason;
};
/// Answered with TaskAttemptKillAnswered.
struct TaskAttemptKillRequested {
  TaskId task = 0;
  std::uint64_t request = 0;
  std::string reason;
};
/// Whether the program has listeners, who want to know what happens from now on.
struct EventsRequested {
  bool wanted = false;
};
struct RddUnpersisted {
  RddId rdd = 0;
};
/// No lineage refers to the shuffle any more.
struct ShuffleForgotten {
  ShuffleNumber shuffle = 0;
};
/// From the program's launcher: its main function has returned or thrown.
struct ProgramFinished {
  std::int32_t exit_code = 0;
  std::string error;  ///< text of an escaped exception
};
/// From the AM: what the negotiation for executors brought so far.
struct ExecutorsNegotiated {
  std::uint32_t requested = 0;
  std::uint32_t granted = 0;
  std::uint32_t cores = 0;  ///< of each
  bool final = false;       ///< no more will come without a loss
  std::string note;         ///< why fewer, when fewer
};
struct ExecutorRegistered {
  ExecutorId executor = 0;
  std::uint32_t member = 0;
  std::uint32_t members = 1;
  std::string host;
  std::uint32_t node = 0;
  std::uint32_t slots = 0;
  std::int64_t pid = 0;
  std::uint64_t build_id = 0;
  ByteCount memory;
};
/// From the AM: the executor's members are being started on these ranks, and should register.
struct ExecutorLaunched {
  ExecutorId executor = 0;
  ContainerId container;
  std::vector<Rank> ranks;
};
struct ExecutorHeartbeat {
  ExecutorId executor = 0;
  std::uint32_t member = 0;
  std::vector<TaskId> running;
  std::uint64_t resident_memory = 0;
};
struct ExecutorLost {
  ExecutorId executor = 0;
  bool caused_by_application = true;
  std::string reason;
  Rank rank = base::no_rank;
};
/// The executor will go soon: it gets no more tasks, and its loss will be nobody's fault.
struct ExecutorDecommissioned {
  ExecutorId executor = 0;
  std::string reason;
};
/// A rank is gone, and what its shuffle service held.
struct RankDataLost {
  Rank rank = base::no_rank;
  std::string reason;
};
struct TaskFinished {
  TaskAttempt attempt;
  TaskOutcome outcome = TaskOutcome::success;
  Bytes result;       ///< of an action
  std::string error;  ///< what the user should read when it is not a success
  /// fetch_failed only: the input that was missing or damaged.
  ShuffleInput missing;
  /// Map partitions of that input whose output was damaged; empty: the holder has none of it.
  std::vector<std::uint32_t> damaged;
  TaskMetrics metrics;
  std::vector<BlockId> cached;   ///< blocks that the executor holds since this task
  std::vector<BlockId> evicted;  ///< blocks that it has dropped meanwhile for want of memory
  std::vector<AccumulatorUpdate> accumulators;
};
/// What has become of a copy that the driver asked for.
struct BlockCopied {
  ExecutorId executor = 0;
  std::uint32_t member = 0;
  BlockId block;
  bool held = false;  ///< there is one; else there was no room, or nothing to copy
};
/// The attempt has written its output and asks to publish it. Always answered.
struct CommitRequested {
  TaskAttempt attempt;
};
/// A task of a barrier stage waits for the others. Always answered, once all are there or one
/// cannot come any more, unless the task is asked to stop.
struct BarrierReached {
  TaskAttempt attempt;
  std::uint64_t epoch = 0;  ///< how many barriers of this stage attempt the task has passed
  std::string operation;    ///< "barrier", "all_gather", ...: all tasks have to say the same
  Bytes message;            ///< for the other tasks
};
/// Bytes per reduce partition that this service holds of the listed map outputs.
struct ShuffleSizes {
  ShuffleId shuffle;
  std::uint64_t query = 0;
  std::vector<std::uint64_t> bytes;
};
struct ExchangeFinished {
  ShuffleId shuffle;
  std::uint64_t exchange = 0;
  std::uint64_t bytes_received = 0;
  std::string error;  ///< not empty: it failed, and why
  /// When it failed because map outputs arrived damaged: their map partitions.
  std::vector<std::uint32_t> damaged = {};
  std::uint64_t wire_bytes = 0;  ///< what came over the network: fewer, when compressed
};
/// No new jobs from now on; those that run get `grace`, then they fail.
struct DrainRequested {
  std::string reason;
  base::Duration grace{};
};
using DriverMessage =
    std::variant<JobSubmitted, JobCancelRequested, RddUnpersisted, ShuffleForgotten,
                 ProgramFinished, ExecutorsNegotiated, ExecutorLaunched, ExecutorRegistered,
                 ExecutorHeartbeat, ExecutorLost, RankDataLost, TaskFinished, ShuffleSizes,
                 ExchangeFinished, JobGroupCancelRequested, TaggedJobsCancelRequested,
                 AllJobsCancelRequested, StageCancelRequested, ExecutorDecommissioned,
                 CommitRequested, BarrierReached, DrainRequested, BroadcastCreated,
                 BroadcastForgotten, BlockCopied, TaskAttemptKillRequested, EventsRequested>;

// --- to the program (in the driver's process) ----------------------------------------------------

struct TaskResultReady {
  JobId job = 0;
  std::uint32_t index = 0;  ///< into JobSubmitted::partitions
  Bytes result;
};
struct JobEnded {
  JobId job = 0;
  bool succeeded = false;
  std::string error;
};
/// The executors that were asked for have registered, or as many as there will be.
struct ExecutorsReady {
  std::uint32_t executors = 0;
  std::uint32_t slots = 0;
  std::string error;  ///< not empty: the program cannot run, and why
};
/// What one task has added, to be counted.
struct AccumulatorsUpdated {
  std::vector<AccumulatorUpdate> updates;
  StageId stage = 0;
};
/// The program should begin nothing new.
struct DrainBegun {
  std::string reason;
};
struct TaskAttemptKillAnswered {
  std::uint64_t request = 0;
  bool found = false;  ///< it ran, and was asked to stop
};
/// One thing that listeners are to hear of.
struct EventHappened {
  EventPtr event;
};
using ProgramMessage = std::variant<TaskResultReady, JobEnded, ExecutorsReady, AccumulatorsUpdated,
                                    DrainBegun, TaskAttemptKillAnswered, EventHappened>;

// --- to an executor ------------------------------------------------------------------------------

struct ExecutorAccepted {
  base::Duration heartbeat_interval{};
};
struct StageDefined {
  StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::shared_ptr<const StageBinary> binary;
};
struct StageForgotten {
  StageId stage = 0;
  std::uint32_t stage_attempt = 0;
};
struct TaskLaunched {
  TaskAttempt attempt;
  std::vector<SourceInput> sources;
  std::vector<ShuffleInput> shuffles;
  std::vector<BlockInput> blocks = {};  ///< that it may need, and its executor does not hold
  /// For a map task that computes a part; then attempt.partition is the number of its output.
  std::optional<TaskPart> part = {};
  /// What it computes, or a part of that.
  std::uint32_t partition() const { return part ? part->partition : attempt.partition; }
};
struct TaskKillRequested {
  TaskId task = 0;
  std::string reason;
};
/// Another executor has nothing to do: give back those of the tasks that have not begun.
struct TasksReturnRequested {
  std::vector<TaskId> tasks;
};
struct BlocksRemoved {
  RddId rdd = 0;
};
struct ExecutorStopRequested {
  std::string reason;
};
/// The rank will not answer any more.
struct HolderLost {
  Rank rank = base::no_rank;
};
struct CommitAnswered {
  TaskId task = 0;
  bool allowed = false;
};
/// All tasks of the stage attempt were at the barrier.
struct BarrierPassed {
  TaskId task = 0;
  std::uint64_t epoch = 0;
  std::string error;  ///< not empty: they were not, and why
  /// What the tasks brought, by their index in the stage.
  std::vector<std::shared_ptr<const Bytes>> messages;
};
/// From another executor: send the part of a cached partition that begins at `from`.
struct BlockPartRequested {
  BlockId block;
  std::uint64_t request = 0;
  std::uint64_t from = 0;
  bool encoded = false;  ///< how the parts before it were kept: `from` counts pieces, not records
};
struct BlockPartSent {
  std::uint64_t request = 0;
  bool found = false;  ///< false: it is gone, or kept otherwise than before
  bool encoded = false;
  bool last = false;
  std::uint64_t next = 0;  ///< where the next part begins
  Bytes bytes;             ///< encoded records
};
/// From the driver: keep a copy, too. Answered with BlockCopied.
struct BlockCopyRequested {
  BlockInput from;
  StoredRdd stored;
};
/// The executor is gone, with its cached partitions.
struct BlockHolderLost {
  Address holder;
};
/// The chunks of a reduce partition, by map partition and then in writing order.
struct PartitionListed {
  std::uint64_t request = 0;
  bool found = false;
  std::vector<Chunk> chunks;
};
using ExecutorMessage =
    std::variant<ExecutorAccepted, StageDefined, StageForgotten, TaskLaunched, TaskKillRequested,
                 BlocksRemoved, ExecutorStopRequested, PartitionListed, TasksReturnRequested,
                 HolderLost, CommitAnswered, BarrierPassed, BlockPartRequested, BlockPartSent,
                 BlockCopyRequested, BlockHolderLost, BroadcastLocated, BroadcastReleaseRequested>;

// --- to the shuffle service of a rank ------------------------------------------------------------

/// A map task wrote its output to the node arena; the slabs now belong to the shuffle.
struct MapOutputWritten {
  ShuffleId shuffle;
  TaskAttempt attempt;
  std::uint32_t reducers = 0;
  std::vector<Chunk> chunks;         ///< by partition
  std::vector<std::uint64_t> slabs;  ///< numbers of the slabs that hold them
};
struct ShuffleSizesRequested {
  ShuffleId shuffle;
  std::uint64_t query = 0;
  std::uint32_t reducers = 0;
  std::vector<std::uint32_t> maps;  ///< whose outputs count
};
/// Part of an all-to-all: every service in `sources` sends what it holds of `maps` to the services
/// named in `destinations`, and finishes when the others' data has arrived here.
struct ExchangeRequested {
  ShuffleId shuffle;
  std::uint64_t exchange = 0;
  std::vector<std::uint32_t> maps;  ///< this rank's winners
  std::vector<Rank> sources;        ///< ranks with map outputs
  /// Per reduce partition the rank that will hold it; no_rank: not part of this exchange.
  std::vector<Rank> destinations;
  Codec codec = Codec::none;
};
/// From one service to another: what it will send, in order. Data follows on the data channel
/// unless both are on one node.
struct ExchangeOffered {
  ShuffleId shuffle;
  std::uint64_t exchange = 0;
  bool same_node = false;
  std::uint32_t tag = 0;  ///< of the data on the data channel; chosen by the sender
  std::vector<Chunk> chunks;
  Codec codec = Codec::none;  ///< of the data
};
struct PartitionRequested {
  ShuffleId shuffle;
  std::uint32_t partition = 0;
  std::uint64_t request = 0;
};
struct ShuffleRemoved {
  ShuffleId shuffle;
};
/// From the rank's NodeManager: free what the container still held.
struct ContainerMemoryReleased {
  ContainerId container;
};
struct ApplicationDataRemoved {
  ApplicationId application;
};
/// The same for an attempt that has failed; later ones go on, and may be here before this is.
struct AttemptDataRemoved {
  ApplicationId application;
  std::uint32_t attempt = 0;
};
/// From the rank's NodeManager: another rank will neither send nor take data any more.
struct SourceLost {
  Rank rank = base::no_rank;
};
using ShuffleServiceMessage =
    std::variant<MapOutputWritten, ShuffleSizesRequested, ExchangeRequested, ExchangeOffered,
                 PartitionRequested, ShuffleRemoved, ContainerMemoryReleased,
                 ApplicationDataRemoved, AttemptDataRemoved, SourceLost, BroadcastWritten,
                 BroadcastRemoved, BroadcastWanted, BroadcastReleased, BroadcastReaderGone,
                 BroadcastJoined, BroadcastParentNamed, BroadcastPullRequested, BroadcastOffered>;

}  // namespace volley::protocol
