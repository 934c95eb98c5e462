#pragma once
// Messages of the cluster: client, ResourceManager, NodeManagers, ApplicationMasters. Grouped by
// recipient; each group is one variant, so that a role with a missing handler does not compile.
// A name in the past tense states a fact, "...Requested" asks for something.
//
//   client ──ApplicationSubmitted──▶ RM ──ContainerLaunchRequested──▶ NM ──spawns──▶ AM
//   AM ──ApplicationMasterRegistered──▶ RM        driver ──ExecutorsRequested──▶ AM
//   AM ──ContainersRequested──▶ RM ──ContainersGranted──▶ AM ──ContainerLaunchRequested──▶ NM
//   NM ──ContainerExited──▶ RM ──ContainersCompleted──▶ AM ──ExecutorLost──▶ driver
//   driver ──DriverFinished──▶ AM ──ApplicationUnregistered──▶ RM ──ApplicationStateChanged──▶
//   client

#include "base/ids.hpp"
#include "base/units.hpp"
#include "protocol/address.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace volley::protocol {

using base::ApplicationId;
using base::ByteCount;
using base::ContainerId;
using base::ExecutorId;
using base::Rank;

enum class DeployMode : std::uint8_t { cluster, client };
enum class ApplicationState : std::uint8_t {
  submitted,
  accepted,
  running,
  finished,
  failed,
  killed
};
enum class FinalStatus : std::uint8_t { undefined, succeeded, failed, killed };
enum class ContainerKind : std::uint8_t { application_master, driver, executor };

/// What a user submits.
struct Submission {
  std::string name;
  std::string queue = "default";
  std::int32_t priority = 0;
  std::vector<std::string> tags = {};
  DeployMode deploy_mode = DeployMode::cluster;
  std::uint32_t driver_cores = 0;  ///< 0: the driver shares the cores of its rank
  ByteCount driver_memory;         ///< of its container, overhead included
  ByteCount driver_overhead;
  /// What one executor's container must have, as far as the user has said so: what no rank could
  /// ever hold is refused at once. 0: nothing said.
  std::uint32_t executor_cores = 0;
  ByteCount executor_memory;   ///< overhead included
  std::string master_label;    ///< of the rank for the ApplicationMaster's container
  std::string executor_label;  ///< of the ranks for executors
  std::string module;          ///< path of the application's executable or .so
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> configuration;
  std::string recovery = {};  ///< directory of what survives the MPI job; empty: none
};

/// One rank's part of a granted container.
struct ContainerMember {
  Rank rank = base::no_rank;
  std::uint32_t node = 0;
  std::uint32_t slots = 0;
};

/// A granted container: a group of ranks of one node.
struct GrantedContainer {
  ContainerId id;
  std::vector<ContainerMember> members;
  ByteCount memory;  ///< of the whole container
  std::int32_t priority = 0;
};

/// How a container process ended. Statuses are YARN's: 0 success, 1..255 exit code, 128+n signal n,
/// and the negative ones below.
struct ContainerExit {
  std::int32_t status = 0;
  std::int32_t signal = 0;  ///< 0 when it was not a signal
  std::string diagnostics;  ///< a sentence for people: which container, where, what happened
  std::uint64_t peak_memory = 0;
};
/// An executor that is silent and therefore stopped; Spark's executors end themselves with it.
inline constexpr std::int32_t exit_silent = 56;
inline constexpr std::int32_t exit_node_lost = -100;
inline constexpr std::int32_t exit_disks_failed = -101;
inline constexpr std::int32_t exit_preempted = -102;
inline constexpr std::int32_t exit_over_virtual_memory = -103;
inline constexpr std::int32_t exit_over_memory = -104;
inline constexpr std::int32_t exit_stopped_by_am = -105;
inline constexpr std::int32_t exit_stopped_by_rm = -106;
inline constexpr std::int32_t exit_after_completion = -107;
inline constexpr std::int32_t exit_launch_failed = -1000;

/// What a NodeManager needs to start its rank's member of a container.
struct ContainerLaunch {
  ContainerId container;
  ContainerKind kind = ContainerKind::executor;
  bool runs_driver = false;  ///< an AM in cluster mode also hosts the driver
  std::uint32_t member = 0;
  std::uint32_t members = 1;
  std::uint32_t slots = 0;
  std::uint32_t node = 0;
  ByteCount memory;        ///< for the program: the container's without its overhead
  ByteCount memory_limit;  ///< above which its processes are killed; 0: no limit
  ExecutorId executor = 0;
  Address application_master;
  Address driver;
  Submission submission;
};

// --- to the client -------------------------------------------------------------------------------

struct ApplicationStateChanged {
  ApplicationId application;
  ApplicationState state = ApplicationState::submitted;
  FinalStatus final_status = FinalStatus::undefined;
  std::string tracking_address;
  std::string diagnostics;
  std::int32_t exit_code = 0;
};
struct ApplicationProgressed {
  ApplicationId application;
  float progress = 0;
};
/// Every NodeManager has registered: the cluster can take submissions.
struct ClusterReady {
  std::uint32_t ranks = 0;
  std::uint32_t nodes = 0;
  std::uint32_t slots = 0;
  ByteCount memory;
  std::string problem;  ///< not empty when the cluster cannot work (for example different builds)
};
using ClientMessage = std::variant<ApplicationStateChanged, ApplicationProgressed, ClusterReady>;

// --- to the ResourceManager ----------------------------------------------------------------------

struct NodeRegistered {
  std::string host;
  std::uint32_t node = 0;  ///< index of the node; ranks with the same index share memory
  std::uint32_t slots = 0;
  ByteCount memory;
  std::string label;
  std::uint64_t build_id = 0;
};
/// At every interval. A rank that is silent for too long is lost, with all its containers.
struct NodeHeartbeat {};
/// From any rank whose MPI library says that another rank's process has failed.
struct RankFailed {
  Rank rank = base::no_rank;
  std::string reason;
};
/// The rank will go: no more containers there. Those that run may end in peace.
struct NodeLeaving {
  std::string reason;
};
/// After a loss, when MPI_Finalize could wait for the dead: the rank has nothing left to do.
struct NodeDeparted {};
struct ApplicationSubmitted {
  Submission submission;
};
struct ApplicationMasterRegistered {
  ContainerId container;
  std::string tracking_address;
};
struct ContainerAsk {
  std::uint32_t count = 1;
  std::uint32_t cores = 1;  ///< slots of one container
  ByteCount memory;         ///< of one container
  std::int32_t priority = 0;
  std::string label;
  std::vector<Rank> preferred;
  std::vector<std::uint32_t> excluded_nodes = {};
};
/// Sets (does not add to) the number of containers still to be granted per priority; answered by
/// ContainersGranted as capacity allows and ContainersUnavailable for what cannot be had now, which
/// stays requested.
struct ContainersRequested {
  ContainerId master;  ///< the AM's own container: names application and attempt
  std::vector<ContainerAsk> asks;
};
struct ContainersReleased {
  ContainerId master;
  std::vector<ContainerId> containers;
};
/// Also the ApplicationMaster's heartbeat: it comes at every interval.
struct ApplicationProgressReported {
  ContainerId master;
  float progress = 0;
};
struct ApplicationUnregistered {
  ContainerId master;
  FinalStatus status = FinalStatus::undefined;
  std::string diagnostics;
  std::int32_t exit_code = 0;
};
struct ContainerStarted {
  ContainerId container;
  std::uint32_t member = 0;
  std::int64_t pid = 0;  ///< 0 for containers that are threads of their rank
};
struct ContainerExited {
  ContainerId container;
  std::uint32_t member = 0;
  ContainerExit exit;
};
struct ApplicationKillRequested {
  ApplicationId application;
  std::string reason;
};
/// The MPI job will end soon: the application's program may finish what it is at, for `grace`.
struct ApplicationDrainRequested {
  ApplicationId application;
  std::string reason;
  base::Duration grace{};
};
using ResourceManagerMessage =
    std::variant<NodeRegistered, NodeHeartbeat, ApplicationSubmitted, ApplicationMasterRegistered,
                 ContainersRequested, ContainersReleased, ApplicationProgressReported,
                 ApplicationUnregistered, ContainerStarted, ContainerExited,
                 ApplicationKillRequested, RankFailed, NodeDeparted, NodeLeaving,
                 ApplicationDrainRequested>;

// --- to a NodeManager ----------------------------------------------------------------------------

struct ContainerLaunchRequested {
  ContainerLaunch launch;
};
struct ContainerStopRequested {
  ContainerId container;
  std::int32_t status = exit_stopped_by_am;  ///< reported as the exit status
  std::string reason;
};
/// The application is over: its shuffle data and files on this rank can go.
struct ApplicationCleanupRequested {
  ApplicationId application;
};
/// An attempt has failed and another one follows, which starts anew: the shuffle data can go.
struct AttemptCleanupRequested {
  ApplicationId application;
  std::uint32_t attempt = 0;
};
/// The MPI job ends once the rank's containers are gone.
struct NodeShutdownRequested {
  std::int32_t exit_code = 0;
};
/// Another rank counts as lost: nothing is sent to it any more, and nothing of it is waited for.
struct PeerLost {
  Rank rank = base::no_rank;
  std::string reason;
};
/// The answer to NodeHeartbeat: rank 0 lives.
struct HeartbeatAnswered {};
/// The answer to NodeDeparted.
struct NodeDismissed {};
using NodeManagerMessage =
    std::variant<ContainerLaunchRequested, ContainerStopRequested, ApplicationCleanupRequested,
                 NodeShutdownRequested, PeerLost, HeartbeatAnswered, NodeDismissed,
                 AttemptCleanupRequested>;

// --- to an ApplicationMaster ---------------------------------------------------------------------

struct ApplicationMasterAccepted {
  ApplicationId application;
  std::uint32_t total_slots = 0;
  std::uint32_t rank_slots = 0;  ///< slots of the largest rank
  std::uint32_t node_slots = 0;  ///< of the largest node: no container can have more
  ByteCount rank_memory;         ///< of the largest rank
  ByteCount node_memory;         ///< of the largest node
  std::uint32_t ranks = 0;
  std::uint32_t nodes = 0;
};
/// What an executor's container has on top of the executor's memory.
struct MemoryOverhead {
  ByteCount exact;  ///< 0: by the rule max(minimum, factor * memory)
  double factor = 0;
  ByteCount minimum;
};
/// From the driver: how many executors the program wants. 0 cores: a rank's slots; 0 count: as many
/// as fit. A later one replaces it.
struct ExecutorsRequested {
  std::uint32_t count = 0;
  std::uint32_t cores = 0;
  ByteCount memory;
  MemoryOverhead overhead = {};
  bool exact = false;      ///< the program's need, which changes: 0 means none, and fewer may come
  std::uint32_t most = 0;  ///< that it will ever want; 0: no limit
  std::vector<std::uint32_t> excluded_nodes = {};  ///< where it wants none
};
/// From the driver: it does not need them any more, and has forgotten them.
struct ExecutorsReleased {
  std::vector<ExecutorId> executors;
};
struct ContainersGranted {
  std::vector<GrantedContainer> containers;
};
/// Part of a request that the cluster cannot meet now (`never` = false) or at all (`never` = true).
struct ContainersUnavailable {
  std::int32_t priority = 0;
  std::uint32_t missing = 0;
  bool never = false;
  std::string reason;  ///< with numbers
};
struct ContainersCompleted {
  ContainerId container;
  std::uint32_t member = 0;
  Rank rank = base::no_rank;
  ContainerExit exit;
};
/// A rank is gone; its containers are reported as completed before.
struct RankLost {
  Rank rank = base::no_rank;
  std::string reason;
};
/// Also the driver's heartbeat: it comes at least once in an interval.
struct DriverProgressed {
  float progress = 0;
  std::string stages = {};  ///< that run: "stage 3 (map at main.cpp:4)"; empty: none
};
/// The user's program is over.
struct DriverFinished {
  FinalStatus status = FinalStatus::undefined;
  std::string diagnostics;
  std::int32_t exit_code = 0;
};
using ApplicationMasterMessage =
    std::variant<ApplicationMasterAccepted, ExecutorsRequested, ExecutorsReleased,
                 ContainersGranted, ContainersUnavailable, ContainersCompleted, RankLost,
                 DriverProgressed, DriverFinished>;

}  // namespace volley::protocol
