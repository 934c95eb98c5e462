#include "program/accumulators.hpp"

#include <fmt/format.h>

#include <exception>

namespace volley::program {
namespace {

constexpr std::size_t longest_text = 80;

std::string shown(std::uint32_t id, const std::string& name) {
  return name.empty() ? fmt::format("accumulator {}", id) : fmt::format("accumulator '{}'", name);
}

}  // namespace

std::vector<protocol::AccumulatorUpdate> TaskAccumulators::take(bool failed) {
  std::vector<protocol::AccumulatorUpdate> updates;
  for (const Part& part : std::exchange(parts_, {})) {
    if (failed && !part.counts_failures) continue;
    if (!part.is_zero(part.value.get()))
      updates.push_back({part.id, part.encode(part.value.get())});
  }
  return updates;
}

std::uint32_t AccumulatorRegistry::add(std::unique_ptr<HeldAccumulator> held, std::string name) {
  const std::lock_guard lock(mutex_);
  entries_[next_] = {std::move(held), std::move(name)};
  return next_++;
}

std::string AccumulatorRegistry::name(std::uint32_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::string{} : found->second.name;
}

std::vector<std::string> AccumulatorRegistry::apply(
    std::uint32_t stage, const std::vector<protocol::AccumulatorUpdate>& updates) {
  std::vector<std::string> problems;
  const std::lock_guard lock(mutex_);
  for (const protocol::AccumulatorUpdate& update : updates) {
    ++applied_;
    const auto found = entries_.find(update.accumulator);
    if (found == entries_.end()) continue;
    const Entry& entry = found->second;
    const std::string which = shown(update.accumulator, entry.name);
    try {
      if (!entry.held->merge(update.value, stage)) {
        problems.push_back(fmt::format("{}: an update of another type came", which));
      }
      if (!entry.name.empty()) by_stage_[stage].insert(update.accumulator);
    } catch (const std::exception& error) {
      problems.push_back(fmt::format("{}: its merge threw: {}", which, error.what()));
    } catch (...) {
      problems.push_back(fmt::format("{}: its merge threw something", which));
    }
  }
  return problems;
}

std::uint64_t AccumulatorRegistry::applied() const {
  const std::lock_guard lock(mutex_);
  return applied_;
}

std::string AccumulatorRegistry::summary_of(std::uint32_t stage) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_stage_.find(stage);
  if (found == by_stage_.end()) return {};
  std::string all;
  for (const std::uint32_t id : found->second) {
    const Entry& entry = entries_.at(id);
    std::string text = entry.held->text(stage);
    if (text.size() > longest_text) text = text.substr(0, longest_text - 3) + "...";
    all +=
        fmt::format("{}{}{}{}", all.empty() ? "" : ", ", entry.name, text.empty() ? "" : " ", text);
  }
  return all;
}

}  // namespace volley::program
