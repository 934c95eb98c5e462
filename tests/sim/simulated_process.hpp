#pragma once
// SimulatedProcess: one process of a container: the roles that a real one holds, put together as
// the container's loop does. The world hands it messages and time, and routes what it wants sent.

#include "am/application_master.hpp"
#include "driver/driver.hpp"
#include "tests/sim/simulated_program.hpp"
#include "tests/sim/simulated_tasks.hpp"
#include "worker/executor.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace volley::sim {

class SimulatedProcess {
 public:
  struct Options {
    protocol::ContainerLaunch launch;
    base::Rank rank = 0;
    driver::Options driver;                 ///< without addresses
    am::ApplicationMaster::Options master;  ///< without the launch
    protocol::ExecutorsRequested request;
    SimulatedTasks::Options tasks;
    base::Duration heartbeat_interval{};
    std::unique_ptr<RandomProgram> program;
    base::Duration linger{};
  };
  using Post = protocol::Outbox::Overflow;

  /// `room` is memory for outboxes; it and `post` outlive the process.
  SimulatedProcess(Options options, const base::Log& log, Random& random, const Post& post,
                   std::vector<protocol::Envelope>& room);

  void start();
  void deliver(protocol::Envelope&& envelope, base::TimePoint now);
  void tick(base::TimePoint now);
  void task_due(base::TaskId task);
  /// As ContainerLoop::over: the process ends by itself.
  bool over() const;

  const protocol::ContainerLaunch& launch() const { return launch_; }
  base::Rank rank() const { return rank_; }
  const SimulatedProgram* program() const { return program_.get(); }
  const driver::Driver* driver() const { return driver_.get(); }

 private:
  protocol::Address address(protocol::Role role) const { return {role, rank_, container_}; }
  protocol::Outbox outbox(protocol::Role role) const {
    return protocol::Outbox(address(role), post_, std::move(room_));
  }
  void build_driver(Options& options, const base::Log& log);
  void build_executor(Options& options, const base::Log& log, Random& random);
  void tell_driver(std::vector<protocol::DriverMessage> messages);
  void pump_tasks();

  // What executors need comes first: there may be a hundred thousand, and few are in the cache.
  const base::Rank rank_;
  const base::ContainerId container_;
  const Post& post_;
  std::vector<protocol::Envelope>& room_;
  std::unique_ptr<am::ApplicationMaster> master_;
  std::unique_ptr<driver::Driver> driver_;
  std::unique_ptr<SimulatedProgram> program_;
  std::optional<SimulatedTasks> tasks_;
  std::optional<worker::Executor> executor_;
  std::unique_ptr<RandomProgram> plan_;
  protocol::ExecutorsRequested request_;  ///< of the driver
  const protocol::ContainerLaunch launch_;
};

}  // namespace volley::sim
