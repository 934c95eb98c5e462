#pragma once
// Options of the driver role, filled by the composition root from the option table, and Turn: what
// every handler of the driver's parts gets from outside, the time and a place for messages.

#include "base/ids.hpp"
#include "base/units.hpp"
#include "driver/executor_allocation.hpp"
#include "driver/partition_parts.hpp"
#include "protocol/address.hpp"
#include "protocol/driver_messages.hpp"
#include "protocol/outbox.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace volley::driver {

/// volley.speculation.*
struct SpeculationOptions {
  bool enabled = false;
  base::Duration interval = std::chrono::milliseconds{100};
  double multiplier = 3;  ///< of the median duration, after which a task is a straggler
  double quantile = 0.9;  ///< of a set's tasks that must have succeeded before
  base::Duration min_runtime = std::chrono::milliseconds{100};
  /// For sets of no more tasks than an executor has slots, without waiting for others; 0: never.
  base::Duration duration_threshold{};
};

/// volley.excludeOnFailure.*
struct ExclusionOptions {
  bool task_and_stage = false;
  bool application = false;
  std::uint32_t task_attempts_per_executor = 1;
  std::uint32_t task_attempts_per_node = 2;
  std::uint32_t stage_tasks_per_executor = 2;
  std::uint32_t stage_executors_per_node = 2;
  std::uint32_t application_tasks_per_executor = 2;
  std::uint32_t application_executors_per_node = 2;
  base::Duration timeout = std::chrono::hours{1};
  bool kill = false;  ///< executors that are excluded from the application
  /// How long tasks that can run nowhere wait for a replacement of an executor.
  base::Duration unschedulable_wait = std::chrono::seconds{120};
};

/// volley.locality.wait*: before a task goes further away from its data.
struct LocalityWait {
  base::Duration process = std::chrono::seconds{3};
  base::Duration node = std::chrono::seconds{3};
};

/// volley.task.reaper.*
struct ReaperOptions {
  bool enabled = false;
  base::Duration polling = std::chrono::seconds{10};
  std::optional<base::Duration> kill_timeout;  ///< then the executor's process is ended
};

/// volley.executor.decommission.*
struct DecommissionOptions {
  base::Duration kill_interval{};  ///< after which its processes are expected to end; 0: unknown
  base::Duration force_kill{};     ///< after which they are ended; 0: never
};

/// volley.scheduler.barrier.maxConcurrentTasksCheck.*
struct BarrierOptions {
  base::Duration check_interval = std::chrono::seconds{15};
  std::uint32_t checks = 40;
  base::Duration sync_timeout = std::chrono::hours{24 * 365};  ///< volley.barrier.sync.timeout
};

enum class ScheduleMode : std::uint8_t { fifo, fair };

/// A pool of the FAIR mode.
struct PoolOptions {
  std::string name;
  std::string parent;  ///< empty: the root
  ScheduleMode mode = ScheduleMode::fifo;
  std::uint32_t weight = 1;
  std::uint32_t min_share = 0;
};

struct Options {
  base::ApplicationId application;
  protocol::Address application_master;
  protocol::Address program;
  base::Duration wall_offset{};                ///< from the driver's time to the time of day
  std::uint64_t build_id = 0;                  ///< executors of another build are refused
  std::uint32_t max_failures = 4;              ///< of one task, until its job fails
  std::uint32_t max_consecutive_attempts = 4;  ///< of a stage, that lost an input
  std::uint32_t max_stage_attempts = 0;        ///< in all; 0: any number
  protocol::Codec shuffle_codec = protocol::Codec::none;  ///< between nodes
  base::ByteCount max_result_size;  ///< of one job's results together; 0: no limit
  double registration_ratio = 0.8;  ///< of the granted executors, enough after the wait
  base::Duration registration_wait = std::chrono::seconds{30};
  base::Duration heartbeat_interval = std::chrono::seconds{10};
  base::Duration network_timeout = std::chrono::seconds{120};
  LocalityWait locality_wait;
  SpeculationOptions speculation;
  ExclusionOptions exclusion;
  ReaperOptions reaper;
  DecommissionOptions decommission;
  BarrierOptions barrier;
  PartRule parts;
  ScheduleMode schedule_mode = ScheduleMode::fifo;
  std::vector<PoolOptions> pools;  ///< others are made when a job names them
  /// How long tasks wait for an executor on the node of their shuffle data before the data moves.
  base::Duration holder_wait = std::chrono::seconds{5};
  /// Between a lost input and the new attempt, so that a burst of losses is handled once.
  base::Duration resubmit_delay = std::chrono::milliseconds{200};
  AllocationOptions allocation;
  base::Duration starvation_wait = std::chrono::seconds{30};
  base::Duration starvation_repeat = std::chrono::seconds{15};
};

/// One call of the driver: its time is that of the last tick.
struct Turn {
  base::TimePoint now;
  protocol::Outbox& outbox;
};

}  // namespace volley::driver
