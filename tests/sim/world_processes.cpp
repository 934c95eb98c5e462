// The processes of a simulated cluster: started and signalled by NodeManagers, ended by themselves,
// by signals and by faults.

#include "tests/sim/violation.hpp"
#include "tests/sim/world.hpp"
#include "tests/sim/world_parts.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>

namespace volley::sim {

using namespace protocol;
using namespace std::chrono_literals;

World::Process* World::find(const ProcessKey& key) {
  for (const auto& [container, process] : node(key.first).processes) {
    if (container == key.second) return process.get();
  }
  return nullptr;
}

SimulatedProcess::Options World::process_options(base::Rank rank, const ContainerLaunch& launch) {
  SimulatedProcess::Options options;
  options.launch = launch;
  options.rank = rank;
  options.request = options_.request;
  options.heartbeat_interval = 1s;
  options.driver.build_id = 7;
  options.driver.max_failures = options_.max_failures;
  options.driver.max_consecutive_attempts = options_.max_failures;
  options.driver.heartbeat_interval = 1s;
  options.driver.network_timeout = 10s;
  options.driver.registration_wait = 5s;
  options.driver.locality_wait = {1s, 1s};
  options.driver.holder_wait = 2s;
  options.driver.allocation = options_.allocation;
  options.driver.speculation = options_.speculation;
  options.driver.parts = options_.parts;
  options.driver.exclusion = options_.exclusion;
  options.driver.schedule_mode = options_.schedule_mode;
  options.driver.pools = {{"odd", "", driver::ScheduleMode::fair, 3, 2}};
  if (options_.reaper) options.driver.reaper = {true, 1s, 2s};
  options.master.tracking_address = "host:1";
  options.master.task_max_failures = options_.max_failures;
  options.master.max_executor_failures = 100;
  options.master.network_timeout = 10s;
  if (options_.flat_tasks == 0) options.tasks.arena = &arenas_.at(node(rank).number);
  options.tasks.longest = options_.longest_task;
  options.tasks.exception_one_in = options_.faults.exception_one_in;
  options.tasks.later = [this, rank, id = launch.container](base::TaskId task, base::Duration d) {
    const auto slow = static_cast<base::Duration::rep>(node(rank).slowness);
    plan(EventKind::task_due, d * slow, rank, id, task);
  };
  options.tasks.same_node = [this, rank](base::Rank other) {
    return node(rank).number == node(other).number;
  };
  options.linger = options_.linger;
  if (launch.runs_driver || launch.kind == ContainerKind::driver) {
    Random program(mix(options_.seed, 5));
    if (options_.flat_tasks != 0) {
      options.program = std::make_unique<RandomProgram>(RandomProgram::flat(options_.flat_tasks));
      return options;
    }
    options.program =
        std::make_unique<RandomProgram>(program, options_.program, launch.container.attempt);
  }
  return options;
}

base::Result<std::int64_t> World::start_process(base::Rank rank, const ContainerLaunch& launch) {
  const ProcessKey key{rank, launch.container};
  require(ever_started_.insert(key).second, "{} was started twice on rank {}",
          base::to_string(launch.container), rank);
  const bool needed = launch.kind == ContainerKind::driver;
  if (options_.faults.launches_fail && !needed && random_.one_in(20)) {
    return base::Failure{"Resource temporarily unavailable"};
  }
  Node& at = node(rank);
  at.used_slots += launch.slots;
  at.used_memory += launch.memory.value;
  require(at.used_slots <= options_.slots && at.used_memory <= options_.memory,
          "rank {} has {} slots and {} of memory in use", rank, at.used_slots, at.used_memory);
  if (launch.kind == ContainerKind::application_master) {
    ++attempts_;
    // A rank that stood still may start what is out of date when it goes on.
    if (launch.container.attempt > newest_attempt_) program_succeeded_ = false;
    newest_attempt_ = std::max(newest_attempt_, launch.container.attempt);
  }
  auto made = std::make_unique<Process>();
  made->stubborn = random_.one_in(4);
  made->link_out = made->link_in = now_;
  made->roles.emplace(process_options(rank, launch), log_, random_, post_, room_);
  Process& process = *made;
  const auto before =
      std::find_if(at.processes.begin(), at.processes.end(),
                   [&](const auto& other) { return other.first > launch.container; });
  at.processes.emplace(before, launch.container, std::move(made));
  process.roles->start();
  plan(EventKind::process_tick, base::Duration{0}, rank, launch.container);
  return std::int64_t{100};
}

void World::signal(base::Rank rank, const base::ContainerId& container, int signal) {
  Process* process = find({rank, container});
  require(process != nullptr, "a signal to {}, which is not there", base::to_string(container));
  const bool heard = signal == SIGKILL || (!process->stubborn && !process->hung);
  if (process->alive() && heard) end_process(*process, {0, signal, 0, ""});
}

void World::end_process(Process& process, worker::ProcessEnd end) {
  process.dead = true;
  process.end = std::move(end);
  for (const Event& event : process.stalled) messages_ -= event.parcel ? 1U : 0U;
  process.stalled.clear();
  base::TimePoint gone = now_ + random_.duration(10us, 5ms);
  // A process that is killed loses what its rank has not taken over yet.
  if (process.end.signal != 0 && random_.one_in(2)) {
    cut_links_[{process.roles->rank(), process.launch().container}] = now_;
  } else {
    gone = std::max(gone, process.link_out);
  }
  plan(EventKind::process_gone, gone - now_, process.roles->rank(), process.launch().container);
}

void World::process_gone(const ProcessKey& key) {
  Node& at = node(key.first);
  const auto found = std::find_if(at.processes.begin(), at.processes.end(),
                                  [&](const auto& one) { return one.first == key.second; });
  // What it had sent comes first: a rank that stood still for a while has it only now.
  if (found->second->link_out > now_ && !cut_links_.contains(key)) {
    return plan(EventKind::process_gone, found->second->link_out - now_, key.first, key.second);
  }
  const worker::ProcessEnd end = found->second->end;
  at.used_slots -= found->second->launch().slots;
  at.used_memory -= found->second->launch().memory.value;
  at.processes.erase(found);
  Outbox outbox(at_rank(Role::node_manager, key.first));
  at.manager->container_exited(key.second, end, outbox);
  post(outbox);
}

void World::after_event(Process& process) {
  const SimulatedProgram* program = process.roles->program();
  if (program != nullptr && program->started() && phases_.empty()) end_phase("start");
  if (program != nullptr && program->finished() && !process.spent) {
    process.spent = true;
    if (phases_.size() == 1) end_phase("tasks");
    program_succeeded_ = program->succeeded();
    program_error_ = program->error();
  }
  if (process.alive() && process.roles->over()) end_process(process, {});
}

void World::lose_rank(base::Rank rank, bool last_words) {
  Node& lost = node(rank);
  some_dead_ = true;
  lost.dead = true;
  lost.last_words = last_words;
  lost.unsent.clear();
  for (const Event& event : lost.stalled) messages_ -= event.parcel ? 1U : 0U;
  lost.stalled.clear();
  fabric_.lose(rank);
  for (const auto& [container, process] : lost.processes) {
    for (const Event& event : process->stalled) messages_ -= event.parcel ? 1U : 0U;
  }
  lost.processes.clear();
}

}  // namespace volley::sim
