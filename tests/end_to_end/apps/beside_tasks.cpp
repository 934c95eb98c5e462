// beside_tasks copies INPUT PLACE: caches the lines of a file twice, removes the file, waits for
// the file PLACE/go, and counts the lines again. The processes that cached some are named by files
// PLACE/at.PID.
//
// beside_tasks commands PLACE: sends records through commands that sleep until PLACE/go exists;
// they are named by files PLACE/at.PID, their executors by files PLACE/executor.PID.

#include <volley/volley.hpp>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

namespace {

namespace fs = std::filesystem;

void wait_for(const std::string& file) {
  while (!fs::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

int copies(volley::Context& context, const std::string& input, const std::string& place) {
  const auto lines = context.text_file(input, 6).map_partitions_with_task(volley::bind(
      [](const std::string& at, volley::RunningTask&, auto& records) {
        std::ofstream{at + "/at." + std::to_string(::getpid())};
        std::vector<std::string> all;
        records.for_each([&](std::string_view line) { all.emplace_back(line); });
        return all;
      },
      place));
  lines.persist(volley::StorageLevel::memory_only_2);
  std::cout << "lines " << lines.count() << std::endl;
  fs::remove(input);
  wait_for(place + "/go");
  std::cout << "lines again " << lines.count() << std::endl;
  return 0;
}

int commands(volley::Context& context, const std::string& place) {
  const auto named = context.range(0, 100, 1, 2)
                         .map_partitions(volley::bind(
                             [](const std::string& at, auto& records) {
                               std::ofstream{at + "/executor." + std::to_string(::getpid())};
                               std::vector<std::int64_t> all;
                               records.for_each([&](std::int64_t x) { all.push_back(x); });
                               return all;
                             },
                             place));
  const std::string script =
      "test -e " + place + "/go || { touch " + place + "/at.$$; sleep 1000; }; cat";
  std::cout << "records " << named.pipe({"sh", "-c", script}).count() << std::endl;
  return 0;
}

int beside_tasks(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() == 3 && args[0] == "copies") return copies(context, args[1], args[2]);
  if (args.size() == 2 && args[0] == "commands") return commands(context, args[1]);
  return 2;
}

}  // namespace

VOLLEY_APPLICATION(beside_tasks)
