#include "driver/stage_statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace volley::driver {
namespace {

constexpr std::size_t max_stages_kept = 1000;
constexpr std::size_t max_hot_keys = 10000;

void add(protocol::TaskMetrics& sum, const protocol::TaskMetrics& task) {
  sum.run_nanoseconds += task.run_nanoseconds;
  sum.records_read += task.records_read;
  sum.bytes_read += task.bytes_read;
  sum.shuffle_records_written += task.shuffle_records_written;
  sum.shuffle_bytes_written += task.shuffle_bytes_written;
  sum.shuffle_records_read += task.shuffle_records_read;
  sum.shuffle_bytes_read += task.shuffle_bytes_read;
  sum.records_written += task.records_written;
  sum.bytes_written += task.bytes_written;
  sum.result_bytes += task.result_bytes;
  sum.spilled_bytes += task.spilled_bytes;
  sum.evicted_partitions += task.evicted_partitions;
  sum.sampled_keys += task.sampled_keys;
  sum.cached_partitions += task.cached_partitions;
  sum.cached_memory_bytes += task.cached_memory_bytes;
  sum.cached_disk_bytes += task.cached_disk_bytes;
  sum.uncached_partitions += task.uncached_partitions;
  sum.peak_memory = std::max(sum.peak_memory, task.peak_memory);
}

std::optional<HottestKey> hottest(const std::map<std::string, std::uint64_t>& keys,
                                  std::uint64_t sampled) {
  constexpr std::uint64_t least_samples = 100;  // fewer say nothing
  if (keys.empty() || sampled < least_samples) return std::nullopt;
  const auto most = std::max_element(
      keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const double share = static_cast<double>(most->second) / static_cast<double>(sampled);
  if (share < 0.01) return std::nullopt;
  return HottestKey{most->first, share};
}

}  // namespace

std::string describe(const HottestKey& key) {
  return fmt::format("key '{}' with about {:.0f} % of the records", key.text, key.share * 100);
}

void StageStatistics::submitted(base::StageId stage, const std::string& name, std::uint32_t tasks,
                                std::uint32_t missing, base::TimePoint now) {
  const auto [at, fresh] = open_.try_emplace(stage);
  Open& open = at->second;
  if (fresh) {
    open.submitted = now;
    open.summary.stage = stage;
    open.summary.name = name;
    open.summary.tasks = tasks;
  }
  ++open.summary.stage_attempts;
  open.done = tasks - missing;
}

void StageStatistics::task_ended(const TaskEnd& end) {
  const bool succeeded = end.report.outcome == protocol::TaskOutcome::success;
  ++(succeeded ? summary_.tasks_succeeded : summary_.tasks_failed);
  const auto found = open_.find(end.stage);
  if (found == open_.end()) return;
  StageSummary& stage = found->second.summary;
  ++stage.attempts;
  if (!succeeded) {
    ++stage.failures;
    return;
  }
  ++found->second.done;
  add(stage.totals, end.report.metrics);
  for (const protocol::HotKey& key : end.report.metrics.hot_keys) {
    if (key.text.empty()) continue;
    auto& keys = found->second.hot_keys;
    if (keys.size() < max_hot_keys || keys.contains(key.text)) keys[key.text] += key.records;
  }
  found->second.durations.push_back(end.duration);
  if (end.duration >= stage.slowest.duration) {
    stage.slowest = {end.partition, end.host, end.duration};
  }
}

void StageStatistics::task_killed(const TaskEnd& end) {
  ++summary_.tasks_killed;
  const auto found = open_.find(end.stage);
  if (found != open_.end()) ++found->second.summary.killed;
}

std::optional<HottestKey> StageStatistics::stage_ended(base::StageId stage, bool succeeded,
                                                       base::TimePoint now) {
  auto node = open_.extract(stage);
  if (node.empty()) return std::nullopt;
  Open& open = node.mapped();
  open.summary.succeeded = succeeded;
  open.summary.wall = now - open.submitted;
  if (!open.durations.empty()) {
    const auto middle =
        open.durations.begin() + static_cast<std::ptrdiff_t>(open.durations.size() / 2);
    std::nth_element(open.durations.begin(), middle, open.durations.end());
    open.summary.median = *middle;
  }
  open.summary.hottest_key = hottest(open.hot_keys, open.summary.totals.sampled_keys);
  const auto hottest_key = open.summary.hottest_key;
  tasks_of_ended_stages_ += open.summary.tasks;
  summary_.stages.push_back(std::move(open.summary));
  if (summary_.stages.size() > max_stages_kept) summary_.stages.erase(summary_.stages.begin());
  return hottest_key;
}

void StageStatistics::job_ended(bool succeeded, std::uint64_t skipped_stages) {
  ++(succeeded ? summary_.jobs_succeeded : summary_.jobs_failed);
  summary_.stages_skipped += skipped_stages;
}

Progress StageStatistics::progress(const TaskScheduler& scheduler) const {
  Progress progress;
  double done = static_cast<double>(tasks_of_ended_stages_);
  double total = done;
  for (const auto& [id, open] : open_) {
    const std::uint32_t finished = std::min(open.done, open.summary.tasks);
    progress.stages.push_back(
        {id, finished, static_cast<std::uint32_t>(scheduler.running(id)), open.summary.tasks});
    done += finished;
    total += open.summary.tasks;
  }
  progress.fraction = total > 0 ? done / total : 0;
  return progress;
}

std::string StageStatistics::running() const {
  constexpr std::size_t shown = 3;
  std::string text;
  std::size_t number = 0;
  for (const auto& [id, open] : open_) {
    if (number++ == shown) return text + fmt::format(" and {} more", open_.size() - shown);
    text += fmt::format("{}stage {} ({})", text.empty() ? "" : ", ", id, open.summary.name);
  }
  return text;
}

}  // namespace volley::driver
