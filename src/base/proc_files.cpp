#include "base/proc_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace volley::base {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (bad != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

void add_listed_children(std::int64_t pid, std::vector<std::int64_t>& found) {
  for_each_entry(fmt::format("/proc/{}/task", pid), [&](const auto& task) {
    std::istringstream children(read_proc(task.path() / "children"));
    for (std::int64_t child = 0; children >> child;) found.push_back(child);
  });
}

}  // namespace

std::string read_proc(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  // Not through iterators over its buffer: these throw when the process has ended meanwhile.
  text << in.rdbuf();
  return std::move(text).str();
}

std::string stat_field(const std::filesystem::path& process, int number) {
  const std::string stat = read_proc(process / "stat");
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(stat.substr(name_end + 1));
  std::string field;
  for (int at = 3; at <= number; ++at) {
    if (!(rest >> field)) return {};
  }
  return field;
}

ProcessTree read_process_tree() {
  ProcessTree tree;
  for_each_entry("/proc", [&](const auto& entry) {
    const auto process = whole_number(entry.path().filename().native());
    if (!process) return;
    const auto parent = whole_number(stat_field(entry.path(), 4));
    if (parent) tree.emplace(*parent, *process);
  });
  return tree;
}

bool kernel_lists_children() {
  const std::string self = fmt::format("/proc/self/task/{}/children", ::getpid());
  return std::ifstream(self).is_open();
}

std::optional<ProcessTree> needed_process_tree() {
  return kernel_lists_children() ? std::nullopt : std::optional(read_process_tree());
}

std::vector<std::int64_t> descendants(const ProcessTree* tree, std::int64_t root) {
  std::vector<std::int64_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (tree == nullptr) {
      add_listed_children(found[i], found);
      continue;
    }
    const auto [begin, end] = tree->equal_range(found[i]);
    for (auto at = begin; at != end; ++at) found.push_back(at->second);
  }
  return found;
}

}  // namespace volley::base
