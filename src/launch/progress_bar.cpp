#include "launch/progress_bar.hpp"

#include "launch/launcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace volley::launch {
namespace {

constexpr std::size_t most_bars = 3;
constexpr std::size_t fallback_columns = 80;

std::string bar_of(const StageProgress& stage, std::size_t width) {
  const std::string head = fmt::format("[Stage {}:", stage.id);
  const std::string tail =
      fmt::format("({} + {}) / {}]", stage.completed, stage.running, stage.total);
  const std::size_t text = head.size() + tail.size();
  if (text >= width) return head + tail;
  const std::size_t length = width - text;
  const std::size_t done =
      stage.total == 0 ? 0 : std::min<std::size_t>(length, length * stage.completed / stage.total);
  std::string bar(done, '=');
  if (bar.size() < length) bar += '>';
  bar.resize(length, ' ');
  return head + bar + tail;
}

}  // namespace

std::string progress_bar(std::span<const StageProgress> stages, std::size_t width) {
  const auto shown = stages.first(std::min(stages.size(), most_bars));
  std::string line;
  for (const StageProgress& stage : shown) line += bar_of(stage, width / shown.size());
  // A longer line would wrap, and the next update could not overwrite it.
  if (line.size() > width) line.resize(width);
  return line;
}

Console console_of(const config::Environment& environment, bool own_stderr_is_terminal) {
  const std::string text = environment.get(terminal_variable);
  std::size_t columns = 0;
  std::from_chars(text.data(), text.data() + text.size(), columns);
  if (columns != 0) return {true, columns};
  return {own_stderr_is_terminal, own_stderr_is_terminal ? fallback_columns : 0};
}

std::string ProgressDisplay::update(std::span<const StageProgress> stages) {
  if (!console_.is_terminal) return {};
  // The last column stays free: writing there moves some terminals to the next line.
  const std::string bar =
      progress_bar(stages, console_.columns > 0 ? console_.columns - 1 : fallback_columns);
  if (bar == shown_) return {};
  std::string text = "\r" + bar;
  if (bar.size() < shown_.size()) text += std::string(shown_.size() - bar.size(), ' ') + "\r" + bar;
  shown_ = bar;
  return text;
}

std::string ProgressDisplay::stage_ended(base::StageId id, const std::string& name,
                                         std::string_view how, std::uint32_t tasks,
                                         base::Duration time) {
  if (console_.is_terminal) return clear();
  return fmt::format("Stage {} ({}) {}: {} {} in {}\n", id, name, how, tasks,
                     tasks == 1 ? "task" : "tasks", base::format_duration(time));
}

std::string ProgressDisplay::clear() {
  if (shown_.empty()) return {};
  std::string text = "\r" + std::string(shown_.size(), ' ') + "\r";
  shown_.clear();
  return text;
}

}  // namespace volley::launch
