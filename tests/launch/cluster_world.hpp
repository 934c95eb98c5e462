#pragma once
// ClusterWorld: ResourceManager, NodeManagers, ApplicationMasters and client in one process, with
// fake processes and a scripted driver. A seed picks the order of deliveries: any pair of sender
// and receiver may be slow, each pair keeps its order. Time passes only when nothing else is to be
// done, so that no time-out beats a message.

#include "am/application_master.hpp"
#include "launch/client_role.hpp"
#include "rank0_rm/resource_manager.hpp"
#include "worker/node_manager.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace volley::testing {

using namespace protocol;

class ClusterWorld {
 public:
  struct Options {
    std::uint32_t ranks = 4;
    std::uint32_t ranks_per_node = 2;
    std::uint32_t slots = 2;
    std::uint64_t memory = 1000;
    DeployMode mode = DeployMode::cluster;
    ExecutorsRequested request{3, 1, {100}};
    unsigned seed = 0;
    std::uint32_t random_kills = 0;  ///< SIGKILLs of random processes at random moments
  };
  struct Process {
    ContainerLaunch launch;
    base::Rank rank = 0;
    bool stubborn = false;  ///< ignores SIGTERM
    std::optional<worker::ProcessEnd> ending;
    std::unique_ptr<am::ApplicationMaster> master;
    bool drives = false;
  };
  using ProcessKey = std::pair<base::Rank, ContainerId>;
  /// What happens each time the cluster has come to rest; then the driver finishes.
  using Script = std::deque<std::function<void(ClusterWorld&)>>;

  explicit ClusterWorld(Options options);
  /// Runs to the end; fails the test when there is none.
  void run(Script script = {});

  std::vector<ProcessKey> live(ContainerKind kind) const;
  void end_process(const ProcessKey& key, worker::ProcessEnd end) {
    auto& process = processes_.at(key);
    if (!process.ending) process.ending = end;
  }
  void kill_one(ContainerKind kind, int signal) {
    end_process(live(kind).at(0), {0, signal, 0, ""});
  }
  void finish_driver(FinalStatus status, std::string why, std::int32_t code);
  void kill_application(const std::string& reason);
  void expect_empty() const;

  rm::ResourceManager& resource_manager() { return *resource_manager_; }
  launch::ClientRole& client() { return *client_; }
  std::vector<ExecutorsNegotiated> negotiated;
  std::vector<ExecutorLost> lost;
  std::vector<ApplicationStateChanged> states;
  std::vector<ContainerLaunch> launches;
  std::uint32_t cleanups = 0;

 private:
  class Launcher : public worker::ContainerLauncher {
   public:
    Launcher(ClusterWorld& world, base::Rank rank) : world_(world), rank_(rank) {}
    base::Result<std::int64_t> start(const ContainerLaunch& launch) override {
      return world_.start_process(rank_, launch);
    }
    void stop(const ContainerId& container, int signal) override {
      Process& process = world_.processes_.at({rank_, container});
      if (process.ending || (signal == SIGTERM && process.stubborn)) return;
      process.ending = worker::ProcessEnd{0, signal, 0, ""};
    }

   private:
    ClusterWorld& world_;
    base::Rank rank_;
  };
  struct Node {
    std::unique_ptr<Launcher> launcher;
    std::unique_ptr<worker::NodeManager> manager;
  };
  using Queues = std::map<std::pair<Address, Address>, std::deque<Message>>;

  base::Result<std::int64_t> start_process(base::Rank rank, const ContainerLaunch& launch);
  void post(Outbox& outbox);
  template <class Group, class R>
  void handle(R& role, Envelope& envelope) {
    Outbox outbox(envelope.to);
    deliver(role, std::get<Group>(envelope.message), envelope.from, outbox);
    post(outbox);
  }
  void deliver_one(Queues::iterator queue);
  void deliver_to_process(Envelope& envelope);
  void driver_hears(const Envelope& envelope);
  void end_one(const ProcessKey& key);
  void tick_all();
  bool step();
  bool over() const;
  void expect_within_capacity() const;
  std::size_t pick(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  Options options_;
  base::Log log_{"test", base::LogLevel::off};
  std::mt19937 random_;
  base::TimePoint now_{};
  std::unique_ptr<rm::ResourceManager> resource_manager_;
  std::unique_ptr<launch::ClientRole> client_;
  std::vector<Node> nodes_;
  std::map<ProcessKey, Process> processes_;
  Queues queues_;
  bool driver_ready_ = false;  ///< the current driver has executors
};

}  // namespace volley::testing
