#include "launch/container_loop.hpp"

#include "launch/allocation_settings.hpp"
#include "launch/rank_end.hpp"
#include "net/process.hpp"
#include "program/modules.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace volley::launch {
namespace {

using protocol::Role;

constexpr base::Duration tick_interval = std::chrono::milliseconds{50};

std::string describe(const ContainerStart& start) {
  switch (start.launch.kind) {
    case protocol::ContainerKind::application_master:
      return start.launch.runs_driver ? "driver" : "am";
    case protocol::ContainerKind::driver:
      return "driver";
    case protocol::ContainerKind::executor:
      break;
  }
  return fmt::format("executor {}", start.launch.executor);
}

}  // namespace

ContainerLoop::ContainerLoop(ContainerStart start, net::ContainerLink link,
                             storage::NodeArena& arena, const ApplicationEntry& entry,
                             program::GroupCommunicators* communicators)
    : start_(std::move(start)),
      link_(std::move(link)),
      log_(describe(start_), start_.log_level),
      configuration_(config::Configuration::from_pairs(start_.launch.submission.configuration)),
      woken_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      poller_(net::IdleBackoff::until_woken()) {
  poller_.add(link_.wake_descriptor(), [this] { return link_.prepare_to_wait(); });
  poller_.add(woken_.get());
  if (start_.launch.kind == protocol::ContainerKind::application_master) build_master();
  if (start_.launch.kind == protocol::ContainerKind::driver || start_.launch.runs_driver) {
    build_driver(entry, arena);
  }
  if (start_.launch.kind == protocol::ContainerKind::executor) {
    build_executor(entry, arena, communicators);
  }
}

ContainerLoop::~ContainerLoop() = default;

void ContainerLoop::wake() const { ::eventfd_write(woken_.get(), 1); }

void ContainerLoop::build_master() {
  am::ApplicationMaster::Options options;
  options.launch = start_.launch;
  options.tracking_address = fmt::format("{} rank {}", start_.host, start_.rank);
  set_failure_limits(options, configuration_);
  options.network_timeout = configuration_.duration("volley.network.timeout");
  master_ = std::make_unique<am::ApplicationMaster>(std::move(options), log_);
}

void ContainerLoop::build_driver(const ApplicationEntry& entry, storage::NodeArena& arena) {
  DriverSeat::Options options;
  options.launch = start_.launch;
  options.self = address(Role::driver);
  options.configuration = configuration_;
  options.build_id = program::build_identity(reinterpret_cast<const void*>(entry.function));
  options.console = console_of(config::Environment::of_process(), ::isatty(STDERR_FILENO) == 1);
  options.wake = [this] { wake(); };
  options.arena = &arena;
  options.arena_owner = start_.arena_owner;
  driver_ = std::make_unique<DriverSeat>(std::move(options), entry, log_);
}

void ContainerLoop::build_executor(const ApplicationEntry& entry, storage::NodeArena& arena,
                                   program::GroupCommunicators* communicators) {
  const protocol::ContainerLaunch& launch = start_.launch;
  worker::TaskPool::Options pool;
  pool.threads = launch.slots;
  pool.arena_owner = start_.arena_owner;
  pool.configuration = launch.submission.configuration;
  const double memory =
      static_cast<double>(launch.memory.value) * configuration_.number("volley.memory.fraction");
  pool.memory = static_cast<std::uint64_t>(memory);
  pool.protected_storage =
      static_cast<std::uint64_t>(memory * configuration_.number("volley.memory.storageFraction"));
  pool.scratch = config::scratch_directory(configuration_.text("volley.local.dir"),
                                           config::Environment::of_process());
  pool.checksums = configuration_.flag("volley.shuffle.checksum.enabled");
  pool.wake = [this] { wake(); };
  pool.communicators = communicators;
  pool.group_patience = configuration_.duration("volley.barrier.mpi.stopTimeout");
  pool.give_up = [this](const std::string& why) {
    log_.error("TaskPool", "{}", why);
    leave_stuck(start_.rank);
  };
  pool_ = std::make_unique<worker::TaskPool>(std::move(pool), arena);
  worker::Executor::Options options;
  options.driver = launch.driver;
  options.application = launch.container.application;
  options.attempt = launch.container.attempt;
  options.registration = {
      launch.executor, launch.member,
      launch.members,  start_.host,
      launch.node,     launch.slots,
      ::getpid(),      program::build_identity(reinterpret_cast<const void*>(entry.function)),
      launch.memory};
  executor_ = std::make_unique<worker::Executor>(std::move(options), *pool_, log_);
}

void ContainerLoop::start_roles() {
  if (master_) {
    protocol::Outbox out(address(Role::application_master));
    master_->start(out);
    dispatch(out);
  }
  if (driver_) {
    protocol::Outbox out(address(Role::driver));
    driver_->start(out);
    dispatch(out);
  }
  if (executor_) {
    protocol::Outbox out(address(Role::executor));
    executor_->start(out);
    dispatch(out);
  }
}

void ContainerLoop::dispatch(protocol::Outbox& out) {
  for (protocol::Envelope& envelope : out.take()) {
    if (envelope.to.rank == start_.rank && envelope.to.container == start_.launch.container) {
      local_.push_back(std::move(envelope));
    } else {
      link_.send(protocol::encode_envelope(envelope));
    }
  }
}

void ContainerLoop::deliver(protocol::Envelope envelope) {
  protocol::Outbox out(address(envelope.to.role));
  if (auto* message = std::get_if<protocol::ApplicationMasterMessage>(&envelope.message)) {
    if (master_) protocol::deliver(*master_, std::move(*message), envelope.from, out);
  } else if (auto* to_driver = std::get_if<protocol::DriverMessage>(&envelope.message)) {
    if (driver_) {
      driver_->role().advance(std::chrono::steady_clock::now());
      protocol::deliver(driver_->role(), std::move(*to_driver), envelope.from, out);
    }
  } else if (auto* to_program = std::get_if<protocol::ProgramMessage>(&envelope.message)) {
    if (driver_) driver_->deliver(std::move(*to_program));
  } else if (auto* to_executor = std::get_if<protocol::ExecutorMessage>(&envelope.message)) {
    if (executor_) {
      protocol::deliver(*executor_, std::move(*to_executor), envelope.from, out);
    } else {
      stopping_ |= std::holds_alternative<protocol::ExecutorStopRequested>(*to_executor);
    }
  }
  dispatch(out);
}

void ContainerLoop::tick() {
  const base::TimePoint now = std::chrono::steady_clock::now();
  if (now < next_tick_) return;
  next_tick_ = now + tick_interval;
  if (driver_) {
    protocol::Outbox out(address(Role::driver));
    driver_->tick(now, out);
    dispatch(out);
  }
  if (master_) {
    protocol::Outbox out(address(Role::application_master));
    master_->tick(now, out);
    dispatch(out);
  }
  if (executor_) {
    protocol::Outbox out(address(Role::executor));
    executor_->tick(now, out);
    dispatch(out);
    pool_->look_for_stuck(now);
  }
}

bool ContainerLoop::round() {
  bool active = false;
  eventfd_t ignored = 0;
  ::eventfd_read(woken_.get(), &ignored);
  link_.drain_wakeups();
  active |= link_.pump();
  while (auto frame = link_.receive()) {
    active = true;
    auto envelope = protocol::decode_envelope(*frame);
    VOLLEY_CHECK(envelope.has_value(), "a frame of {} bytes does not decode", frame->size());
    local_.push_back(std::move(*envelope));
  }
  if (driver_) {
    protocol::Outbox out(address(Role::driver));
    const bool before = driver_->finished();
    active |= driver_->pump(out);
    if (!before && driver_->finished()) next_tick_ = {};  // the summary comes before the goodbye
    if (!before && driver_->finished()) tick();
    dispatch(out);
  }
  if (executor_) {
    protocol::Outbox out(address(Role::executor));
    active |= executor_->pump_tasks(out);
    dispatch(out);
  }
  while (!local_.empty()) {
    active = true;
    protocol::Envelope envelope = std::move(local_.front());
    local_.pop_front();
    deliver(std::move(envelope));
  }
  tick();
  return active;
}

bool ContainerLoop::over() const {
  if (link_.has_unsent() || !local_.empty()) return false;
  if (stopping_) return true;
  if (master_) return master_->finished() && (!driver_ || driver_->finished());
  if (driver_) return driver_->finished();
  return executor_->stopped();
}

int ContainerLoop::run() {
  start_roles();
  while (!over()) {
    const bool active = round();
    if (link_.broken()) return 70;
    poller_.wait(active, tick_interval);
  }
  return 0;
}

int run_container(net::ContainerLink link, storage::NodeArena& arena, const ApplicationEntry& entry,
                  program::GroupCommunicators* communicators) {
  net::Poller poller(net::IdleBackoff::until_woken());
  poller.add(link.wake_descriptor(), [&link] { return link.prepare_to_wait(); });
  std::optional<protocol::Bytes> frame;
  while (!(frame = link.receive())) {
    poller.wait(false);
    link.drain_wakeups();
  }
  poller.remove(link.wake_descriptor());
  auto start = protocol::decode<ContainerStart>(*frame);
  VOLLEY_CHECK(start.has_value(), "a container start of {} bytes does not decode", frame->size());
  return ContainerLoop(std::move(*start), std::move(link), arena, entry, communicators).run();
}

namespace {

/// USR1 is for rank 0; launchers send it to everything. Its rank has blocked it for the time until
/// now.
void ignore_drain_signal() {
  ::signal(SIGUSR1, SIG_IGN);
  sigset_t held;
  ::sigemptyset(&held);
  ::sigaddset(&held, SIGUSR1);
  ::sigprocmask(SIG_UNBLOCK, &held, nullptr);
}

}  // namespace

int container_process_main(
    const std::function<const ApplicationEntry*(const std::string& module)>& load) {
  const char* parent = std::getenv(container_variable);
  if (!net::die_with_parent(static_cast<pid_t>(std::atoi(parent == nullptr ? "0" : parent))))
    return 70;
  ::unsetenv(container_variable);
  std::signal(SIGPWR, SIG_IGN);  // a group of processes may get it; its rank heeds it
  ignore_drain_signal();
  auto link = net::ContainerLink::open({net::LinkSide::container, base::Fd(link_memory_descriptor),
                                        base::Fd(link_wake_self_descriptor),
                                        base::Fd(link_wake_peer_descriptor)});
  auto arena = storage::NodeArena::attach(
      base::Fd(arena_descriptor),
      base::Fd(::fcntl(arena_disk_descriptor, F_GETFD) < 0 ? -1 : arena_disk_descriptor));
  if (!link || !arena) {
    std::fprintf(stderr, "volley: a container could not open what its rank handed over: %s\n",
                 (link ? arena.error() : link.error()).c_str());
    return 70;
  }
  const ApplicationEntry* entry = load("");
  if (entry == nullptr) return 70;
  const int code = run_container(std::move(link).value(), arena.value(), *entry);
  std::cout.flush();
  std::fflush(nullptr);
  // Threads of the program may still run; nothing that they do matters any more.
  ::_exit(code);
}

}  // namespace volley::launch
