// broadcast_memory MEBIBYTES TASKS: a broadcast of so much that as many tasks read at the same
// time, and what their processes and the program's hold of memory before and after, in MiB: "pss"
// counts shared pages once in all, "rss" in every process that has them.

#include <volley/volley.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

namespace {

struct Memory {
  std::int64_t process = 0;
  std::uint64_t pss = 0;  ///< KiB
  std::uint64_t rss = 0;
  double seconds = 0;  ///< until all of it was read
};

Memory measure(pid_t process) {
  Memory memory;
  memory.process = process;
  std::ifstream file("/proc/" + std::to_string(process) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Pss:")) memory.pss = std::stoull(line.substr(4));
    if (line.starts_with("Rss:")) memory.rss = std::stoull(line.substr(4));
  }
  return memory;
}

/// This process and its rank.
std::vector<Memory> measure() { return {measure(::getpid()), measure(::getppid())}; }

struct Totals {
  std::uint64_t pss = 0;
  std::uint64_t rss = 0;
  std::size_t processes = 0;
  double seconds = 0;
};

/// Of all tasks, which read the broadcast first, and of the program.
Totals measure_all(volley::Context& context, std::uint32_t tasks,
                   const volley::Broadcast<std::vector<std::uint64_t>>* values) {
  const auto ranks = context.range(0, tasks, 1, tasks).barrier();
  const auto memories =
      values == nullptr ? ranks
                              .map_partitions([](volley::BarrierTask& task, auto&) {
                                task.barrier();
                                const std::vector<Memory> mine = measure();
                                task.barrier();
                                return mine;
                              })
                              .collect()
                        : ranks
                              .map_partitions([all = *values](volley::BarrierTask& task, auto&) {
                                const auto begin = std::chrono::steady_clock::now();
                                std::uint64_t sum = 0;
                                for (const std::uint64_t value : all.value()) sum += value;
                                const std::chrono::duration<double> time =
                                    std::chrono::steady_clock::now() - begin;
                                task.barrier();
                                std::vector<Memory> mine = measure();
                                mine[0].seconds = sum == 0 ? 0 : time.count();
                                task.barrier();
                                return mine;
                              })
                              .collect();
  std::map<std::int64_t, Memory> processes;
  Totals totals;
  for (const Memory& memory : memories) {
    processes[memory.process] = memory;
    totals.seconds = std::max(totals.seconds, memory.seconds);
  }
  for (const Memory& memory : measure()) processes[memory.process] = memory;
  for (const auto& [pid, memory] : processes) {
    totals.pss += memory.pss;
    totals.rss += memory.rss;
  }
  totals.processes = processes.size();
  return totals;
}

int broadcast_memory(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 2) return 2;
  const std::size_t bytes = std::stoull(args[0]) << 20U;
  const auto tasks = static_cast<std::uint32_t>(std::stoul(args[1]));
  const Totals before = measure_all(context, tasks, nullptr);
  const auto begin = std::chrono::steady_clock::now();
  const auto values = context.broadcast(std::vector<std::uint64_t>(bytes / 8, 1));
  const std::chrono::duration<double> made = std::chrono::steady_clock::now() - begin;
  const Totals after = measure_all(context, tasks, &values);
  std::cout << "processes " << after.processes << " pss " << (after.pss - before.pss) / 1024
            << " rss " << (after.rss - before.rss) / 1024 << " made " << made.count() << " read "
            << after.seconds << std::endl;
  values.destroy();
  return 0;
}

}  // namespace
VOLLEY_APPLICATION(broadcast_memory)
