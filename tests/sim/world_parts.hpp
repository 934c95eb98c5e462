#pragma once
// The parts of a World: ranks and container processes, with what the simulation knows of them.

#include "tests/sim/world.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace volley::sim {

/// Starts and signals processes of one rank for its NodeManager.
class World::Launcher final : public worker::ContainerLauncher {
 public:
  Launcher(World& world, base::Rank rank) : world_(world), rank_(rank) {}
  base::Result<std::int64_t> start(const protocol::ContainerLaunch& launch) override {
    return world_.start_process(rank_, launch);
  }
  void stop(const base::ContainerId& container, int signal) override {
    world_.signal(rank_, container, signal);
  }

 private:
  World& world_;
  base::Rank rank_;
};

struct World::Process {
  bool hung = false;
  bool dead = false;
  bool stubborn = false;       ///< ignores SIGTERM
  bool spent = false;          ///< what its program came to has been noted
  base::TimePoint link_out{};  ///< when the last message has left it
  base::TimePoint link_in{};   ///< when the last message has reached it
  std::optional<SimulatedProcess> roles;
  worker::ProcessEnd end;
  std::vector<Event> stalled;

  const protocol::ContainerLaunch& launch() const { return roles->launch(); }
  bool alive() const { return !dead; }
};

/// When the last messages between two ranks arrive, or arrived.
struct World::Channel {
  base::Rank peer = base::no_rank;
  base::TimePoint from_peer{};
  base::TimePoint to_peer{};
};

struct World::Node {
  Node(World& world, base::Rank rank) : launcher(world, rank), channel(rank, world.fabric_) {}

  // What each message needs comes first.
  std::uint32_t number = 0;  ///< of the node
  bool dead = false;
  bool paused = false;
  bool last_words = false;  ///< dead, but what it had sent still arrives
  std::uint64_t slowness = 1;
  std::vector<std::pair<base::ContainerId, std::unique_ptr<Process>>> processes;  ///< sorted
  std::vector<Channel> channels;  ///< with lower ranks, in any order
  std::unique_ptr<exchange::ShuffleService> shuffles;
  std::uint32_t used_slots = 0;
  std::uint64_t used_memory = 0;
  std::optional<worker::NodeManager> manager;
  Launcher launcher;
  SimulatedChannel channel;
  std::vector<Event> stalled;              ///< while paused
  std::vector<protocol::Envelope> unsent;  ///< of its processes, while paused
};

}  // namespace volley::sim
