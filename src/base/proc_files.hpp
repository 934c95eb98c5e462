#pragma once
// Reading /proc, where a file's process may end between any two calls: then there is nothing to
// read, and that is no error.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace volley::base {

/// The file's text; what there was of it when reading failed.
std::string read_proc(const std::filesystem::path& path);

/// visit(entry) for the entries of a directory, as far as it can be read.
template <class Visit>
void for_each_entry(const std::filesystem::path& directory, Visit&& visit) {
  std::error_code error;
  std::filesystem::directory_iterator at(directory, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) visit(*at);
}

/// Field `number` of /proc/PID/stat, counted from 1 as in proc(5), from 3 on: those that follow the
/// process's name, which may hold blanks and parentheses. Empty when there is none.
std::string stat_field(const std::filesystem::path& process, int number);

/// Children by parent.
using ProcessTree = std::multimap<std::int64_t, std::int64_t>;
/// Of all processes of this machine.
ProcessTree read_process_tree();

/// Whether it has /proc/PID/task/TID/children.
bool kernel_lists_children();
/// The tree that descendants() needs on this machine: nothing where the kernel lists children.
std::optional<ProcessTree> needed_process_tree();
/// `root` and its descendants. `tree`, from read_process_tree(), may be null where the kernel lists
/// children.
std::vector<std::int64_t> descendants(const ProcessTree* tree, std::int64_t root);

}  // namespace volley::base
