#pragma once
// Events: what happens to an application's jobs, stages, tasks and executors, as facts for those
// who watch it. The driver makes them, one for each change of state and in the order of the
// changes, only while somebody wants them; nobody who gets them can change anything. The names are
// those of Spark's listener events.

#include "base/ids.hpp"
#include "base/units.hpp"
#include "protocol/program.hpp"
#include "protocol/task_records.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace volley::protocol {

/// A time of day.
using WallTime = std::chrono::time_point<std::chrono::system_clock, base::Duration>;

/// How near to its data a task runs, from near to far: in the process that has it cached, on a node
/// that has it, at home anywhere, elsewhere.
enum class Locality : std::uint8_t { process, node, no_preference, any };

/// An RDD that tasks of a stage compute.
struct RddInfo {
  base::RddId id = 0;
  std::string name;
  std::string call_site;
  std::uint32_t partitions = 0;
  std::vector<base::RddId> parents = {};
  StorageLevel storage = StorageLevel::none;
  bool barrier = false;
};

/// One attempt at a stage.
struct StageInfo {
  base::StageId id = 0;
  std::uint32_t attempt = 0;
  std::string name;         ///< "reduce_by_key at main.cpp:9"
  std::uint32_t tasks = 0;  ///< of this attempt; of the stage while there is none
  std::vector<base::StageId> parents = {};
  std::vector<RddInfo> rdds = {};  ///< parents before children
  WallTime submitted{};
  WallTime completed{};
  std::string failure;  ///< of an attempt that did not succeed, or that nobody needs any more
};

/// One attempt at a task.
struct TaskInfo {
  base::TaskId id = 0;      ///< of the attempt: Context::kill_task_attempt takes it
  std::uint32_t index = 0;  ///< of the task, in its stage
  std::uint32_t partition = 0;
  std::uint32_t attempt = 0;  ///< how often the task was tried before, in this stage attempt
  base::ExecutorId executor = 0;
  std::string host;
  WallTime launched{};
  WallTime finished{};
  Locality locality = Locality::any;
  bool speculative = false;  ///< a second copy of a task that takes long
};

struct JobStart {
  base::JobId job = 0;
  WallTime time{};
  std::string name;              ///< "collect at main.cpp:12"
  std::uint32_t partitions = 0;  ///< of the final RDD, that the job is for
  std::vector<StageInfo> stages = {};
  std::string group = {};
  std::vector<std::string> tags = {};
  std::string pool = {};
  std::vector<std::pair<std::string, std::string>> properties = {};
};
struct JobEnd {
  base::JobId job = 0;
  WallTime time{};
  bool succeeded = false;
  std::string error;
};
struct StageSubmitted {
  StageInfo stage;
};
/// Also for an attempt that failed: it says why, and another attempt may follow.
struct StageCompleted {
  StageInfo stage;
};
/// The driver has given it to an executor. Tiny tasks may wait there for a slot.
struct TaskStart {
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  TaskInfo task;
};
/// One for each TaskStart. The outcome `returned`: it had not begun, and was taken back to be
/// started elsewhere.
struct TaskEnd {
  base::StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  TaskInfo task;
  TaskOutcome outcome = TaskOutcome::success;
  std::string error;  ///< of one that did not succeed; why it was asked to stop
  TaskMetrics metrics = {};
};
/// All of its processes have registered: it can run tasks.
struct ExecutorAdded {
  base::ExecutorId executor = 0;
  WallTime time{};
  std::string host;  ///< of its first process
  std::uint32_t slots = 0;
};
struct ExecutorRemoved {
  base::ExecutorId executor = 0;
  WallTime time{};
  std::string host;
  std::string reason;
};
/// The application avoids it for a while, since tasks failed there.
struct ExecutorExcluded {
  base::ExecutorId executor = 0;
  WallTime time{};
};
struct ExecutorUnexcluded {
  base::ExecutorId executor = 0;
  WallTime time{};
};
/// The program does not want an RDD's cached partitions any more.
struct UnpersistRdd {
  base::RddId rdd = 0;
};

using Event = std::variant<JobStart, JobEnd, StageSubmitted, StageCompleted, TaskStart, TaskEnd,
                           ExecutorAdded, ExecutorRemoved, ExecutorExcluded, ExecutorUnexcluded,
                           UnpersistRdd>;
using EventPtr = std::shared_ptr<const Event>;

}  // namespace volley::protocol
