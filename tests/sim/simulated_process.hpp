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
  using Post = std::function<void(protocol::Outbox&)>;

  SimulatedProcess(Options options, const base::Log& log, Random& random, Post post);

  void start();
  void deliver(protocol::Envelope envelope, base::TimePoint now);
  void tick(base::TimePoint now);
  void task_due(base::TaskId task);
  /// As ContainerLoop::over: the process ends by itself.
  bool over() const;

  const protocol::ContainerLaunch& launch() const { return launch_; }
  base::Rank rank() const { return rank_; }
  const SimulatedProgram* program() const { return program_.get(); }
  const driver::Driver* driver() const { return driver_.get(); }
  const SimulatedTasks* tasks() const { return tasks_.get(); }

 private:
  protocol::Address address(protocol::Role role) const { return {role, rank_, launch_.container}; }
  void build_driver(Options& options, const base::Log& log);
  void build_executor(Options& options, const base::Log& log, Random& random);
  void tell_driver(std::vector<protocol::DriverMessage> messages);
  void pump_tasks();

  const protocol::ContainerLaunch launch_;
  const base::Rank rank_;
  Post post_;
  protocol::ExecutorsRequested request_;  ///< of the driver
  std::unique_ptr<RandomProgram> plan_;
  std::unique_ptr<am::ApplicationMaster> master_;
  std::unique_ptr<driver::Driver> driver_;
  std::unique_ptr<SimulatedProgram> program_;
  std::unique_ptr<SimulatedTasks> tasks_;
  std::unique_ptr<worker::Executor> executor_;
};

}  // namespace volley::sim
