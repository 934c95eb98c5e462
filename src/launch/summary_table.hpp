#pragma once
// The summary at the end of a run, as text: status, one row per stage, lost containers.

#include "base/ids.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace volley::launch {

struct Volume {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

/// Partitions of persisted RDDs.
struct CacheVolume {
  std::uint64_t partitions = 0;  ///< cached
  std::uint64_t memory_bytes = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t evicted = 0;   ///< partitions that made way for others
  std::uint64_t uncached = 0;  ///< partitions that found no room
};

struct StageSummary {
  base::StageId id = 0;
  std::string name;  ///< "reduce_by_key at word_count.cpp:12"
  std::uint32_t tasks = 0;
  std::uint32_t failed_attempts = 0;
  bool skipped = false;  ///< its shuffle was there already: no task ran
  Volume input{};
  Volume shuffled{};  ///< written for later stages
  Volume output{};
  base::Duration time{};
  std::string slowest_task{};  ///< "task 3 on node7, 1.2 s"; empty: not known
  std::string hottest_key{};   ///< "key 'x' with about 12 % of the records"; empty: none stands out
  std::uint64_t spilled_bytes = 0;  ///< moved to the scratch disk for want of memory
  CacheVolume cached{};
  std::string accumulators{};  ///< "errors 12, lines 1000": what the stage added; empty: none
};

struct LostContainer {
  std::string container;  ///< "container_..._000002 (executor 1) on node7"
  std::string reason;     ///< "killed by signal 9 (Killed)"
};

struct RunSummary {
  std::string application;  ///< name
  std::string status;       ///< "succeeded", "failed", ...
  base::Duration wall_time{};
  std::vector<StageSummary> stages;  ///< by id
  std::vector<LostContainer> lost;
};

/// Several lines, each ended by a newline.
std::string summary_text(const RunSummary& summary);

}  // namespace volley::launch
