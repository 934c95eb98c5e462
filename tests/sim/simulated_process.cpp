#include "tests/sim/simulated_process.hpp"

namespace volley::sim {

using protocol::ContainerKind;
using protocol::Outbox;
using protocol::Role;

SimulatedProcess::SimulatedProcess(Options options, const base::Log& log, Random& random,
                                   const Post& post, std::vector<protocol::Envelope>& room)
    : rank_(options.rank),
      container_(options.launch.container),
      post_(post),
      room_(room),
      launch_(std::move(options.launch)) {
  if (launch_.kind == ContainerKind::application_master) {
    options.master.launch = launch_;
    master_ = std::make_unique<am::ApplicationMaster>(options.master, log);
  }
  if (launch_.kind == ContainerKind::driver || launch_.runs_driver) build_driver(options, log);
  if (launch_.kind == ContainerKind::executor) build_executor(options, log, random);
}

void SimulatedProcess::build_driver(Options& options, const base::Log& log) {
  driver::Options driver = options.driver;
  driver.application = launch_.container.application;
  driver.application_master = launch_.application_master;
  driver.program = address(Role::program);
  driver_ = std::make_unique<driver::Driver>(driver, log);
  request_ = options.request;
  plan_ = std::move(options.program);
  program_ = std::make_unique<SimulatedProgram>(*plan_, options.linger);
}

void SimulatedProcess::build_executor(Options& options, const base::Log& log, Random& random) {
  const protocol::ContainerLaunch& launch = launch_;
  options.tasks.slots = launch.slots;
  options.tasks.rank = rank_;
  options.tasks.container = launch.container;
  tasks_.emplace(std::move(options.tasks), random);
  worker::Executor::Options executor;
  executor.driver = launch.driver;
  executor.application = launch.container.application;
  executor.heartbeat_interval = options.heartbeat_interval;
  executor.registration = {launch.executor,
                           launch.member,
                           launch.members,
                           "host" + std::to_string(launch.node),
                           launch.node,
                           launch.slots,
                           100,
                           options.driver.build_id,
                           launch.memory};
  executor_.emplace(std::move(executor), *tasks_, log);
}

void SimulatedProcess::start() {
  if (master_) {
    Outbox out = outbox(Role::application_master);
    master_->start(out);
    post_(out);
  }
  if (driver_) {
    Outbox out = outbox(Role::driver);
    driver_->start(request_, out);
    post_(out);
  }
  if (executor_) {
    Outbox out = outbox(Role::executor);
    executor_->start(out);
    post_(out);
  }
}

void SimulatedProcess::deliver(protocol::Envelope&& envelope, base::TimePoint now) {
  Outbox out = outbox(envelope.to.role);
  if (auto* to_master = std::get_if<protocol::ApplicationMasterMessage>(&envelope.message)) {
    if (master_) protocol::deliver(*master_, std::move(*to_master), envelope.from, out);
  } else if (auto* to_driver = std::get_if<protocol::DriverMessage>(&envelope.message)) {
    if (driver_) {
      driver_->advance(now);
      protocol::deliver(*driver_, std::move(*to_driver), envelope.from, out);
    }
  } else if (auto* to_program = std::get_if<protocol::ProgramMessage>(&envelope.message)) {
    if (program_) tell_driver(program_->on(*to_program));
  } else if (auto* to_executor = std::get_if<protocol::ExecutorMessage>(&envelope.message)) {
    if (executor_) protocol::deliver(*executor_, std::move(*to_executor), envelope.from, out);
  }
  post_(out);
  pump_tasks();
}

/// Through the queue between the program's threads and the loop.
void SimulatedProcess::tell_driver(std::vector<protocol::DriverMessage> messages) {
  Outbox out = outbox(Role::program);
  for (protocol::DriverMessage& message : messages) {
    std::visit([&](auto& one) { out.send(address(Role::driver), std::move(one)); }, message);
  }
  post_(out);
}

void SimulatedProcess::pump_tasks() {
  if (!executor_) return;
  Outbox out = outbox(Role::executor);
  executor_->pump_tasks(out);
  post_(out);
}

void SimulatedProcess::tick(base::TimePoint now) {
  if (driver_) {
    Outbox out = outbox(Role::driver);
    driver_->tick(now, out);
    post_(out);
    const bool idle =
        driver_->idle() && driver_->known_shuffles() == 0 && driver_->pending_copies() == 0;
    tell_driver(program_->tick(now, idle));
  }
  if (master_) {
    Outbox out = outbox(Role::application_master);
    master_->tick(now, out);
    post_(out);
  }
  if (executor_) {
    Outbox out = outbox(Role::executor);
    executor_->tick(now, out);
    post_(out);
  }
}

void SimulatedProcess::task_due(base::TaskId task) {
  tasks_->due(task);
  pump_tasks();
}

bool SimulatedProcess::over() const {
  if (master_) return master_->finished() && (!driver_ || driver_->stopped());
  if (driver_) return driver_->stopped();
  return executor_->stopped();
}

}  // namespace volley::sim
