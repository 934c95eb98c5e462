#pragma once
// ContainerHost: the containers of one rank. It starts them for the NodeManager, as processes of
// this very program or, with volley.isolation none, as threads; carries their frames; and reports
// how they ended. On the rank's thread.

#include "base/log.hpp"
#include "launch/container_start.hpp"
#include "net/container_link.hpp"
#include "net/poller.hpp"
#include "net/process.hpp"
#include "worker/container_launcher.hpp"
#include "worker/node_manager.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace volley::launch {

/// Runs a container's loop until it ends; its exit code. The arena is null for processes, which map
/// it themselves.
using ContainerMain = std::function<int(net::ContainerLink link, storage::NodeArena* arena)>;

class ContainerHost final : public worker::ContainerLauncher {
 public:
  struct Options {
    base::Rank rank = 0;
    std::string host;
    std::string program;   ///< path of this executable
    bool threads = false;  ///< isolation none
    base::LogLevel log_level = base::LogLevel::info;
    ContainerMain thread_main;
  };
  struct Ended {
    base::ContainerId container;
    worker::ProcessEnd end;
  };
  using Handler = std::function<void(protocol::Bytes frame)>;

  ContainerHost(Options options, storage::NodeArena& arena, net::Poller& poller)
      : options_(std::move(options)), arena_(arena), poller_(poller) {}
  ContainerHost(const ContainerHost&) = delete;
  ContainerHost& operator=(const ContainerHost&) = delete;
  ~ContainerHost() override;

  base::Result<std::int64_t> start(const protocol::ContainerLaunch& launch) override;
  void stop(const base::ContainerId& container, int signal) override;
  std::vector<MemberMemory> measure(const std::vector<MemberLimit>& limits) override;

  /// To a container; false when it is not here (any more).
  bool send(const base::ContainerId& container, const protocol::Bytes& frame);
  /// Moves frames both ways; whether anything happened.
  bool pump(const Handler& handler);
  /// Containers that have ended since, with all their frames handed over before.
  std::vector<Ended> take_ended(const Handler& handler);

 private:
  struct Container {
    net::ContainerLink link;
    std::optional<net::ContainerProcess> process;
    std::thread thread;
    std::shared_ptr<std::atomic<int>> thread_exit;  ///< -1 while it runs
    base::Fd thread_done;                           ///< eventfd
    std::int64_t arena_budget = 0;                  ///< its part of the arena's
    std::uint64_t memory_kills = 0;                 ///< of the kernel, before it was started
    explicit Container(net::ContainerLink end) : link(std::move(end)) {}
  };

  base::Result<std::int64_t> start_process(Container& container, net::LinkDescriptors end);
  void start_thread(Container& container, net::LinkDescriptors end);
  std::optional<worker::ProcessEnd> end_of(Container& container);
  void unwatch(Container& container);

  Options options_;
  storage::NodeArena& arena_;
  net::Poller& poller_;
  std::map<base::ContainerId, std::unique_ptr<Container>> containers_;
};

}  // namespace volley::launch
