#include "program/added_files.hpp"
#include "program/context_core.hpp"
#include "program/driver_side.hpp"
#include "program/task_context.hpp"

#include <volley/error.hpp>
#include <volley/files.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace volley {

std::string file_path(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [given, path] : program::node_files()) {
    if (given == name) return path;
    known.push_back(given);
  }
  if (program::TaskContext* const task = program::TaskContext::current()) {
    for (const protocol::AddedFile& file : task->plan().binary().files) {
      known.push_back(file.name);
      if (file.name != name) continue;
      return task->services().keep_file(name,
                                        [&] { return task->broadcast(file.broadcast).bytes(); });
    }
  } else {
    for (const auto& core : program::living_contexts()) {
      if (auto path = core->files().path_of(name)) return *path;
      for (const protocol::AddedFile& file : core->files().all()) known.push_back(file.name);
    }
  }
  if (known.empty()) known.emplace_back("none were given");
  throw InvalidArgument(fmt::format(
      "there is no file '{}' among --files ({}), and none was added by that name before the job "
      "was submitted",
      name, fmt::join(known, ", ")));
}

}  // namespace volley
