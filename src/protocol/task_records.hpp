#pragma once
// What is known of one attempt at a task: who it is, how it ended, and what it did.

#include "base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace volley::protocol {

using base::StageId;
using base::TaskId;

/// A key and how many of the sampled records had it.
struct HotKey {
  std::string text;
  std::uint64_t records = 0;
};

/// What one task did; summed over a stage for the summary and the UI.
struct TaskMetrics {
  std::int64_t run_nanoseconds = 0;
  std::uint64_t records_read = 0;  ///< from input
  std::uint64_t bytes_read = 0;
  std::uint64_t shuffle_records_written = 0;
  std::uint64_t shuffle_bytes_written = 0;
  std::uint64_t shuffle_records_read = 0;
  std::uint64_t shuffle_bytes_read = 0;
  std::uint64_t records_written = 0;  ///< to output
  std::uint64_t bytes_written = 0;
  std::uint64_t result_bytes = 0;
  std::uint64_t spilled_bytes = 0;  ///< written to the scratch disk because memory was out
  std::uint64_t peak_memory = 0;
  std::uint64_t cached_partitions = 0;
  std::uint64_t cached_memory_bytes = 0;  ///< of partitions that it cached, in memory
  std::uint64_t cached_disk_bytes = 0;    ///< the same, on the scratch disk
  std::uint64_t uncached_partitions = 0;  ///< that should be cached, but there was no room
  std::uint64_t evicted_partitions = 0;   ///< that made way in its executor meanwhile
  std::uint64_t sampled_keys = 0;  ///< records of a shuffle's input whose keys were looked at
  std::vector<HotKey> hot_keys;    ///< the most frequent of them
};

/// The identity of one attempt at one task.
struct TaskAttempt {
  TaskId task = 0;
  StageId stage = 0;
  std::uint32_t stage_attempt = 0;
  std::uint32_t partition = 0;
  std::uint32_t attempt = 0;
};

enum class TaskOutcome : std::uint8_t {
  success,
  exception,      ///< user code threw; counts towards volley.task.maxFailures
  fetch_failed,   ///< a shuffle input was not there: the map stage must run again
  killed,         ///< asked to stop; does not count
  returned,       ///< had not begun and was asked back; does not count
  executor_lost,  ///< its executor ended; counts when the application caused it
  commit_denied,  ///< another attempt may publish the output; does not count
  refused,        ///< wants what this cluster has not: its jobs fail at once
};

}  // namespace volley::protocol
