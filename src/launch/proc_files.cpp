#include "launch/proc_files.hpp"

#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace volley::launch {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (bad != std::errc{} || end != text.data() + text.size()) return {};
  return number;
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

}  // namespace volley::launch
