#pragma once
// World: a whole cluster in one process and in virtual time: client, ResourceManager, NodeManagers,
// shuffle services, ApplicationMasters, drivers, executors. The roles are the real ones; made up
// are time, the network, processes and the bodies of tasks. A seed decides how long each message
// takes, what the application is and what goes wrong; the same seed gives the same run, event by
// event.
//
// Order is kept where the real network keeps it: between a process and its rank, and between two
// ranks. Every event is followed by a look at what must always hold; a Violation ends the run.

#include "exchange/shuffle_service.hpp"
#include "launch/client_role.hpp"
#include "rank0_rm/resource_manager.hpp"
#include "tests/sim/events.hpp"
#include "tests/sim/fabric.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/simulated_process.hpp"
#include "worker/node_manager.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace volley::sim {

struct WorldOptions {
  std::uint64_t seed = 0;
  std::uint32_t ranks = 4;
  std::uint32_t ranks_per_node = 2;
  std::uint32_t slots = 2;
  std::uint64_t memory = 1000;
  protocol::DeployMode mode = protocol::DeployMode::cluster;
  protocol::ExecutorsRequested request{0, 1, {100}};
  driver::AllocationOptions allocation;
  driver::SpeculationOptions speculation;
  driver::PartRule parts;
  driver::ExclusionOptions exclusion;
  driver::ScheduleMode schedule_mode = driver::ScheduleMode::fifo;
  bool reaper = false;
  ProgramOptions program;
  FaultPlan faults;
  std::uint32_t max_am_attempts = 2;
  std::uint32_t max_failures = 4;
  base::Duration slowest_message = std::chrono::milliseconds{1};
  base::Duration longest_task = std::chrono::milliseconds{400};
  base::Duration linger{};
  base::Duration time_limit = std::chrono::minutes{90};  ///< virtual: for the whole run
  base::LogLevel log_level = base::LogLevel::off;
  base::Duration tick = std::chrono::milliseconds{100};
  /// For measurements: one stage of as many tasks, without shuffles, and without a look at every
  /// rank after every event. 0: a random program.
  std::uint32_t flat_tasks = 0;
};

/// A part of a run, and what it took in real time.
struct PhaseCost {
  const char* name = "";
  double seconds = 0;
  std::uint64_t events = 0;
};

/// What a run came to.
struct Report {
  bool succeeded = false;  ///< the application did, with all results
  std::string error;       ///< of the application, when it failed
  std::uint64_t events = 0;
  std::uint64_t fingerprint = 0;  ///< of every event in its order
  std::uint32_t attempts = 0;     ///< of the application; 0: the cluster never came to be
  base::Duration took{};          ///< virtual
  std::vector<std::string> faults;
  std::vector<PhaseCost> phases;
};

class World {
 public:
  explicit World(WorldOptions options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  /// Runs to the end. Throws Violation.
  Report run();

 private:
  friend class FaultMaker;
  struct Node;     ///< a rank
  struct Process;  ///< of a container
  struct Channel;  ///< between ranks
  class Launcher;
  using ProcessKey = std::pair<base::Rank, base::ContainerId>;

  // world.cpp: the course of events.
  void step();
  void handle(Event event);
  void plan(EventKind kind, base::Duration after, base::Rank rank,
            const base::ContainerId& container = {}, std::uint64_t value = 0);
  void deliver(Event event);
  void take(protocol::Envelope& envelope, const Event& event);
  void deliver_to_rank(Node& node, protocol::Envelope& envelope);
  void tick_rank(base::Rank rank);
  bool over() const;
  void note(const Event& event);

  // world_memory.cpp: memory is asked for before it is needed.
  std::size_t fetch_ahead() const;
  void fetch_recipients(const std::vector<protocol::Envelope>& envelopes) const;

  // world_network.cpp: how long messages take.
  void post(protocol::Outbox& outbox);
  void route(protocol::Envelope&& envelope);
  base::TimePoint& channel(base::Rank from, base::Rank to);
  base::Duration latency(base::Rank rank);
  void progress(base::Rank rank);

  // world_processes.cpp.
  base::Result<std::int64_t> start_process(base::Rank rank,
                                           const protocol::ContainerLaunch& launch);
  SimulatedProcess::Options process_options(base::Rank rank,
                                            const protocol::ContainerLaunch& launch);
  void signal(base::Rank rank, const base::ContainerId& container, int signal);
  void end_process(Process& process, worker::ProcessEnd end);
  void process_gone(const ProcessKey& key);
  Process* find(const ProcessKey& key);
  void after_event(Process& process);
  void lose_rank(base::Rank rank, bool last_words);

  // world_checks.cpp.
  void check_always() const;
  void check_end();
  Report report() const;
  void end_phase(const char* name);

  Node& node(base::Rank rank) { return *nodes_[static_cast<std::size_t>(rank)]; }
  const Node& node(base::Rank rank) const { return *nodes_[static_cast<std::size_t>(rank)]; }

  WorldOptions options_;
  base::Log log_;
  Random random_;
  const protocol::Outbox::Overflow post_ = [this](protocol::Outbox& out) { post(out); };
  std::vector<protocol::Envelope> room_;  ///< for the next outbox
  base::TimePoint now_{};
  EventQueue events_;
  std::size_t fetched_ = 0;  ///< so many events that fetch_ahead() has seen are to come
  Parcels parcels_;
  Fabric fabric_;
  std::map<std::uint32_t, storage::NodeArena> arenas_;  ///< by node
  std::unique_ptr<rm::ResourceManager> resource_manager_;
  std::unique_ptr<launch::ClientRole> client_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::set<ProcessKey> ever_started_;
  /// Processes that were killed: what left them later than that is lost.
  std::map<ProcessKey, base::TimePoint> cut_links_;
  FaultMaker faults_;
  std::vector<PhaseCost> phases_;
  std::chrono::steady_clock::time_point phase_start_ = std::chrono::steady_clock::now();
  std::uint64_t phase_handled_ = 0;  ///< before it
  std::uint64_t handled_ = 0;
  std::uint64_t fingerprint_ = 0;
  std::uint64_t messages_ = 0;  ///< on their way
  std::uint32_t attempts_ = 0;
  std::uint32_t newest_attempt_ = 0;
  bool some_dead_ = false;  ///< ranks
  bool program_succeeded_ = false;
  std::string program_error_;
  std::string last_diagnostics_;  ///< that the client was told
};

}  // namespace volley::sim
