#include "worker/node_manager.hpp"

#include "base/liveness.hpp"
#include "protocol/containers.hpp"

#include <algorithm>
#include <csignal>
#include <set>
#include <utility>

namespace volley::worker {

using namespace protocol;
using base::TimePoint;

namespace {
constexpr std::string_view component = "NodeManager";
constexpr std::int32_t orphan_exit_code = 70;
const Address resource_manager = at_rank(Role::resource_manager, 0);

/// The words that users of YARN know, and the keys that help.
std::string over_memory_text(const ContainerLaunch& launch, const MemoryLimit& memory) {
  const bool executor = launch.kind == ContainerKind::executor;
  const std::string who = executor ? "executor" : "driver";
  std::string text = fmt::format(
      "{} of {} physical memory used, its peak {} ({} for the {}, {} "
      "overhead)",
      base::format_bytes(memory.used()), base::format_bytes(memory.limit()),
      base::format_bytes(memory.peak()), base::format_bytes(launch.memory.value), who,
      base::format_bytes(memory.limit() - launch.memory.value));
  text += fmt::format(". Consider boosting volley.{}.memoryOverhead or --{}-memory", who, who);
  if (executor) text += ", or more and smaller partitions";
  return text;
}

std::string describe_member(const ContainerLaunch& launch) {
  std::string text{to_string(launch.kind)};
  if (launch.kind == ContainerKind::executor) text += fmt::format(" {}", launch.executor);
  if (launch.members > 1) text += fmt::format(", member {} of {}", launch.member, launch.members);
  return text;
}
}  // namespace

NodeManager::NodeManager(Options options, ContainerLauncher& launcher, const base::Log& log)
    : options_(std::move(options)), launcher_(launcher), log_(log) {}

void NodeManager::start(Outbox& outbox) { outbox.send(resource_manager, options_.node); }

void NodeManager::drop(std::string_view what, const Address& from) {
  ++dropped_;
  log_.debug(component, "dropped {} from {}", what, to_string(from));
}

std::string NodeManager::place() const {
  return fmt::format("rank {} ({})", options_.rank, options_.node.host);
}

bool NodeManager::is_over(const ApplicationId& application) const {
  return std::find(over_.begin(), over_.end(), application) != over_.end();
}

/// One line per member that matters to a reader of the log. Executors come by the thousand: the
/// ResourceManager tells of them in batches.
void NodeManager::enter(Member& member, State state) {
  member.state = state;
  const bool many = member.launch.kind == ContainerKind::executor;
  const auto level = many ? base::LogLevel::debug : base::LogLevel::info;
  if (!log_.enabled(level)) return;
  const std::string what = fmt::format("{} ({}) on {}", base::to_string(member.launch.container),
                                       describe_member(member.launch), place());
  switch (state) {
    case State::launching:
      log_.write(level, component, what + ": starting");
      break;
    case State::running:
      log_.write(level, component, fmt::format("{}: running, pid {}", what, member.pid));
      break;
    case State::stopping:
      log_.write(level, component, fmt::format("{}: stopping, {}", what, member.order.reason));
      break;
  }
}

/// The exit of a member that never ran.
void NodeManager::refuse(const ContainerId& container, std::uint32_t member, StopOrder order,
                         Outbox& outbox) const {
  ContainerExit exit{order.status, 0, {}, 0};
  exit.diagnostics =
      fmt::format("{} on {} {}: {}", base::to_string(container), place(),
                  order.status == exit_launch_failed ? "could not be started" : "was not started",
                  order.reason);
  report_exit(container, member, std::move(exit), outbox);
}

void NodeManager::on(const ContainerLaunchRequested& message, const Address& from, Outbox& outbox) {
  const ContainerLaunch& launch = message.launch;
  if (is_over(launch.container.application) || containers_.contains(launch.container)) {
    return drop("ContainerLaunchRequested", from);
  }
  // The early stop was answered when it came.
  if (stopped_early_.erase(launch.container) != 0) return drop("ContainerLaunchRequested", from);
  if (shutdown_code_) {
    return refuse(launch.container, launch.member,
                  {exit_stopped_by_rm, "the cluster is shutting down"}, outbox);
  }
  if (leaving_) {
    return refuse(launch.container, launch.member, {exit_stopped_by_rm, "the rank is leaving"},
                  outbox);
  }
  Member& member = containers_[launch.container];
  member.launch = launch;
  member.memory = MemoryLimit(launch.memory_limit.value);
  enter(member, State::launching);
  const base::Result<std::int64_t> pid = launcher_.start(launch);
  if (!pid.ok()) {
    log_.error(component, "{} ({}) could not be started on {}: {}",
               base::to_string(launch.container), describe_member(launch), place(), pid.error());
    refuse(launch.container, launch.member, {exit_launch_failed, pid.error()}, outbox);
    containers_.erase(launch.container);
    return;
  }
  member.pid = pid.value();
  enter(member, State::running);
  outbox.send(resource_manager, ContainerStarted{launch.container, launch.member, member.pid});
}

void NodeManager::stop(Member& member, StopOrder order) {
  if (member.state == State::stopping) return;
  member.order = std::move(order);
  enter(member, State::stopping);
  launcher_.stop(member.launch.container, SIGTERM);
}

void NodeManager::on(const ContainerStopRequested& message, const Address& from, Outbox& outbox) {
  const auto found = containers_.find(message.container);
  if (found != containers_.end()) {
    return stop(found->second, {message.status, message.reason});
  }
  if (is_over(message.container.application)) return drop("ContainerStopRequested", from);
  // Either its exit crosses this message, and the answer is the duplicate that gets dropped; or its
  // launch is still under way, and must not succeed.
  stopped_early_.try_emplace(message.container, StopOrder{message.status, message.reason});
  refuse(message.container, 0, {message.status, message.reason}, outbox);
}

void NodeManager::on(const ApplicationCleanupRequested& message, const Address&, Outbox& outbox) {
  std::erase_if(stopped_early_,
                [&](const auto& entry) { return entry.first.application == message.application; });
  over_.push_back(message.application);
  if (over_.size() > remembered_applications) over_.erase(over_.begin());
  outbox.send(at_rank(Role::shuffle_service, options_.rank),
              ApplicationDataRemoved{message.application});
}

void NodeManager::on(const AttemptCleanupRequested& message, const Address&, Outbox& outbox) {
  outbox.send(at_rank(Role::shuffle_service, options_.rank),
              AttemptDataRemoved{message.application, message.attempt});
}

void NodeManager::on(const NodeShutdownRequested& message, const Address& from, Outbox&) {
  if (shutdown_code_) return drop("NodeShutdownRequested", from);
  shut_down(message.exit_code);
}

void NodeManager::shut_down(std::int32_t exit_code) {
  shutdown_code_ = exit_code;
  log_.debug(component, "{}: shutting down, exit code {}, {} left", place(), exit_code,
             counted(containers_.size(), "container"));
  for (auto& [id, member] : containers_) {
    stop(member, {exit_stopped_by_rm, "the cluster is shutting down"});
  }
  stopped_early_.clear();
}

void NodeManager::on(const PeerLost& message, const Address&, Outbox& outbox) {
  log_.debug(component, "{}: {}", place(), message.reason);
  outbox.send(at_rank(Role::shuffle_service, options_.rank), SourceLost{message.rank});
}

void NodeManager::on(const HeartbeatAnswered&, const Address&, Outbox&) { answered_ = true; }

void NodeManager::on(const NodeDismissed&, const Address&, Outbox&) { dismissed_ = true; }

void NodeManager::orphaned(const std::string& reason) {
  if (orphan_) return;
  orphan_ = true;
  log_.error(component, "{}: {}; ending", place(), reason);
  if (!shutdown_code_) shut_down(orphan_exit_code);
}

void NodeManager::leave(const std::string& reason, Outbox& outbox) {
  if (std::exchange(leaving_, true) || shutdown_code_) return;
  outbox.send(resource_manager, NodeLeaving{reason});
  std::set<base::ExecutorId> told;
  for (const auto& [id, member] : containers_) {
    const ContainerLaunch& launch = member.launch;
    const bool goes_on = launch.kind == ContainerKind::executor && member.state == State::running;
    if (!goes_on || !told.insert(launch.executor).second) continue;
    outbox.send(launch.driver,
                ExecutorDecommissioned{launch.executor, fmt::format("{}: {}", place(), reason)});
  }
}

void NodeManager::check_resource_manager(TimePoint now) {
  if (options_.network_timeout == base::Duration{0}) return;
  const bool asleep = base::slept(last_tick_, now, options_.network_timeout);
  last_tick_ = now;
  if (std::exchange(answered_, false) || asleep || !last_answer_) last_answer_ = now;
  if (shutdown_code_ || now - *last_answer_ < options_.network_timeout) return;
  orphaned(fmt::format("no answer from rank 0 for {} (volley.network.timeout)",
                       base::format_duration(options_.network_timeout)));
}

void NodeManager::tick(TimePoint now, Outbox& outbox) {
  check_resource_manager(now);
  if (now >= next_heartbeat_ && !shutdown_code_) {
    next_heartbeat_ = now + options_.heartbeat_interval;
    outbox.send(resource_manager, NodeHeartbeat{});
  }
  check_memory(now);
  for (auto& [id, member] : containers_) {
    if (member.state != State::stopping || member.killed) continue;
    if (!member.kill_at) member.kill_at = now + options_.kill_grace;
    if (now < *member.kill_at) continue;
    member.killed = true;
    launcher_.stop(id, SIGKILL);
  }
}

void NodeManager::check_memory(TimePoint now) {
  if (options_.memory_interval.count() == 0 || now < next_memory_look_) return;
  next_memory_look_ = now + options_.memory_interval;
  std::vector<ContainerLauncher::MemberLimit> limits;
  for (const auto& [id, member] : containers_) {
    if (member.state == State::running && member.memory.limit() != 0) {
      limits.push_back({id, member.memory.limit()});
    }
  }
  if (limits.empty()) return;
  for (const auto& [id, processes] : launcher_.measure(limits)) {
    const auto found = containers_.find(id);
    if (found == containers_.end() || !found->second.memory.exceeded_by(processes)) continue;
    Member& member = found->second;
    stop(member, {exit_over_memory, over_memory_text(member.launch, member.memory)});
    log_.warn(component, "{} ({}) on {}: {}", base::to_string(id), describe_member(member.launch),
              place(), member.order.reason);
  }
}

ContainerExit NodeManager::describe(const Member& member, const ProcessEnd& end) const {
  ContainerExit exit;
  exit.signal = end.signal;
  exit.peak_memory = end.peak_memory;
  const bool asked = member.state == State::stopping;
  const std::int32_t own_status = end.signal != 0 ? 128 + end.signal : end.exit_code;
  exit.status = asked ? member.order.status : own_status;
  exit.diagnostics = fmt::format("{} ({}) on {} {}", base::to_string(member.launch.container),
                                 describe_member(member.launch), place(), describe_exit(exit));
  if (asked) {
    exit.diagnostics += ": " + member.order.reason;
    return exit;
  }
  if (end.signal == SIGKILL) {
    exit.diagnostics += fmt::format(
        "; nobody here asked for that: {} (peak {}, granted {})",
        end.kernel_out_of_memory
            ? "the kernel killed processes for want of memory meanwhile, likely this one; grant "
              "the job more, or run fewer executors on the node"
            : "a user or a batch system did, since the kernel killed nobody for want of memory",
        base::format_bytes(end.peak_memory), base::format_bytes(member.launch.memory.value));
  }
  if (!end.detail.empty()) exit.diagnostics += "; " + end.detail;
  return exit;
}

void NodeManager::container_exited(const ContainerId& container, const ProcessEnd& end,
                                   Outbox& outbox) {
  const auto found = containers_.find(container);
  if (found == containers_.end()) {
    return drop("an exit", at_rank(Role::node_manager, options_.rank));
  }
  const ContainerExit exit = describe(found->second, end);
  const std::uint32_t member = found->second.launch.member;
  if (found->second.state != State::stopping && exit.status != 0) {
    log_.warn(component, "{}", exit.diagnostics);
  }
  containers_.erase(found);
  outbox.send(at_rank(Role::shuffle_service, options_.rank), ContainerMemoryReleased{container});
  report_exit(container, member, exit, outbox);
}

void NodeManager::report_exit(const ContainerId& container, std::uint32_t member,
                              ContainerExit exit, Outbox& outbox) const {
  outbox.send(resource_manager, ContainerExited{container, member, std::move(exit)});
}

}  // namespace volley::worker
