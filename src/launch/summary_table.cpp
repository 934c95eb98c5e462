#include "launch/summary_table.hpp"

#include "launch/text_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace volley::launch {
namespace {

constexpr std::size_t widest_name = 48;

std::string text_of(const Volume& volume) {
  if (volume.records == 0 && volume.bytes == 0) return "-";
  return fmt::format("{} ({})", volume.records, base::format_bytes(volume.bytes));
}

void add(Volume& sum, const Volume& part) {
  sum.records += part.records;
  sum.bytes += part.bytes;
}

std::vector<std::string> row_of(const StageSummary& stage) {
  const std::string id = std::to_string(stage.id);
  const std::string name = shortened(stage.name, widest_name);
  if (stage.skipped) return {id, name, "skipped", "-", "-", "-", "-", "-", ""};
  return {id,
          name,
          std::to_string(stage.tasks),
          std::to_string(stage.failed_attempts),
          text_of(stage.input),
          text_of(stage.shuffled),
          text_of(stage.output),
          base::format_duration(stage.time),
          stage.slowest_task};
}

std::string table_of(const std::vector<StageSummary>& stages) {
  TextTable table({{"Stage", Align::right},
                   {"Operation"},
                   {"Tasks", Align::right},
                   {"Failed", Align::right},
                   {"Records in", Align::right},
                   {"Shuffled", Align::right},
                   {"Out", Align::right},
                   {"Time", Align::right},
                   {"Slowest task"}});
  StageSummary total;
  for (const StageSummary& stage : stages) {
    table.add(row_of(stage));
    if (stage.skipped) continue;
    total.tasks += stage.tasks;
    total.failed_attempts += stage.failed_attempts;
    add(total.input, stage.input);
    add(total.shuffled, stage.shuffled);
    add(total.output, stage.output);
  }
  table.add({"", "total", std::to_string(total.tasks), std::to_string(total.failed_attempts),
             text_of(total.input), text_of(total.shuffled), text_of(total.output), "", ""});
  return table.text();
}

std::string spill_line(const std::vector<StageSummary>& stages) {
  std::vector<std::string> parts;
  for (const StageSummary& stage : stages) {
    if (stage.spilled_bytes == 0) continue;
    parts.push_back(
        fmt::format("{} in stage {}", base::format_bytes(stage.spilled_bytes), stage.id));
  }
  if (parts.empty()) return {};
  return fmt::format("spilled to the scratch disk: {}\n", fmt::join(parts, ", "));
}

std::string cache_line(const std::vector<StageSummary>& stages) {
  CacheVolume all;
  for (const StageSummary& stage : stages) {
    all.partitions += stage.cached.partitions;
    all.memory_bytes += stage.cached.memory_bytes;
    all.disk_bytes += stage.cached.disk_bytes;
    all.evicted += stage.cached.evicted;
    all.uncached += stage.cached.uncached;
  }
  if (all.partitions + all.uncached + all.evicted == 0) return {};
  std::string text =
      fmt::format("cached: {} partitions, {} in memory, {} on the scratch disk", all.partitions,
                  base::format_bytes(all.memory_bytes), base::format_bytes(all.disk_bytes));
  if (all.evicted != 0) text += fmt::format("; {} dropped for want of memory", all.evicted);
  if (all.uncached != 0) text += fmt::format("; {} times there was no room", all.uncached);
  return text + "\n";
}

std::string hot_key_lines(const std::vector<StageSummary>& stages) {
  std::string text;
  for (const StageSummary& stage : stages) {
    if (!stage.hottest_key.empty()) {
      text += fmt::format("most frequent in stage {}: {}\n", stage.id, stage.hottest_key);
    }
  }
  return text;
}

std::string accumulator_lines(const std::vector<StageSummary>& stages) {
  std::string text;
  for (const StageSummary& stage : stages) {
    if (!stage.accumulators.empty()) {
      text += fmt::format("accumulators in stage {}: {}\n", stage.id, stage.accumulators);
    }
  }
  return text;
}

}  // namespace

std::string summary_text(const RunSummary& summary) {
  std::string text = fmt::format("{} {} in {}\n", summary.application, summary.status,
                                 base::format_duration(summary.wall_time));
  if (!summary.stages.empty()) text += table_of(summary.stages);
  text += spill_line(summary.stages);
  text += cache_line(summary.stages);
  text += hot_key_lines(summary.stages);
  text += accumulator_lines(summary.stages);
  if (!summary.lost.empty()) text += "lost containers:\n";
  for (const LostContainer& lost : summary.lost) {
    text += fmt::format("  {}: {}\n", lost.container, lost.reason);
  }
  return text;
}

}  // namespace volley::launch
