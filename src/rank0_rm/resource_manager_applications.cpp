// The lives of applications in the ResourceManager: queue, grants, attempts, ends.

#include "protocol/containers.hpp"
#include "rank0_rm/admission.hpp"
#include "rank0_rm/resource_manager.hpp"

#include <algorithm>

namespace volley::rm {

using namespace protocol;
using base::Rank;

namespace {
constexpr std::string_view component = "ResourceManager";

std::string name_of(const Application& application) { return base::to_string(application.id); }

std::string ranks_of(const GrantedContainer& container) {
  std::string text = container.members.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < container.members.size(); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ",", container.members[i].rank);
  }
  return text;
}
}  // namespace

void ResourceManager::enter(Application& application, Phase phase) {
  application.phase = phase;
  application.deadline.reset();
  const std::string name = name_of(application);
  switch (phase) {
    case Phase::waiting:
      log_.info(component, "{} '{}' ACCEPTED in queue {}, attempt {}", name,
                application.submission.name, application.submission.queue, application.attempt);
      break;
    case Phase::launched:
      log_.info(component, "{}: {} granted on rank {} for the ApplicationMaster", name,
                base::to_string(application.master.container), application.master.rank);
      break;
    case Phase::running:
      log_.info(component, "{} RUNNING: ApplicationMaster registered, tracking address {}", name,
                application.tracking_address.empty() ? "none" : application.tracking_address);
      break;
    case Phase::ending:
      log_.warn(component, "{}: attempt {} ended: {}", name, application.attempt,
                application.last_failure);
      break;
    case Phase::completing:
      log_.info(component, "{} {}, final status {}", name, to_string(application.outcome->state),
                to_string(application.outcome->status));
      break;
  }
}

void ResourceManager::report_state(const Application& application, const std::string& diagnostics,
                                   Outbox& outbox) const {
  ApplicationStateChanged changed;
  changed.application = application.id;
  changed.state = visible_state(application);
  changed.tracking_address = application.tracking_address;
  changed.diagnostics = diagnostics;
  if (application.outcome) {
    changed.final_status = application.outcome->status;
    changed.exit_code = application.outcome->exit_code;
  }
  outbox.send(application.client, changed);
}

void ResourceManager::settle(Outbox& outbox) {
  schedule(outbox);
  std::erase_if(applications_, [&](const auto& entry) {
    const Application& application = entry.second;
    if (application.phase != Phase::completing || !application.containers.empty()) return false;
    announce_end(application, outbox);
    return true;
  });
}

// --- queue and grants ----------------------------------------------------------------------------

void ResourceManager::schedule(Outbox& outbox) {
  if (!announced_) return;
  std::vector<Application*> queue;
  for (auto& [number, application] : applications_) {
    const bool wants = application.phase == Phase::waiting ||
                       (application.phase == Phase::running && !application.asks.empty());
    if (wants) queue.push_back(&application);
  }
  std::stable_sort(queue.begin(), queue.end(), [](const Application* a, const Application* b) {
    return a->submission.priority > b->submission.priority;
  });
  const Application* head = nullptr;
  for (Application* application : queue) {
    if (application->phase == Phase::running) {
      serve_asks(*application, outbox);
    } else if (refuse_impossible(*application, outbox)) {
      continue;
    } else if (head != nullptr) {
      say_pending(*application, Pending::behind_another,
                  fmt::format("waiting behind {} (priority {}, this one {}): {}", name_of(*head),
                              head->submission.priority, application->submission.priority,
                              head->pending_reason),
                  outbox);
    } else if (!launch_master(*application, outbox)) {
      head = application;
    }
  }
}

bool ResourceManager::refuse_impossible(Application& application, Outbox& outbox) {
  const std::string why = problem_.empty() ? why_never(capacity_, application.submission,
                                                       options_.client_mode_master_memory)
                                           : fmt::format("the cluster is unusable: {}", problem_);
  if (why.empty()) return false;
  complete(application, {ApplicationState::failed, FinalStatus::failed, why, 1}, outbox);
  return true;
}

/// Even with nothing but its own master and driver in the cluster.
bool ResourceManager::refuse_impossible(const Application& application,
                                        const protocol::ContainerAsk& ask, Outbox& outbox) const {
  ContainerAsk lasting = ask;
  lasting.excluded_nodes.clear();  // those may be used again some time
  const std::string never = why_not_one(beside_own_master(application), lasting);
  if (never.empty()) return false;
  log_.info(component, "{}: no executor can be granted: {}", name_of(application), never);
  outbox.send(application.master, ContainersUnavailable{ask.priority, ask.count, true, never});
  return true;
}

/// To the user once for each reason that is another one in kind, not for each change of a number.
void ResourceManager::say_pending(Application& application, Pending kind, std::string reason,
                                  Outbox& outbox) {
  application.pending_reason = std::move(reason);
  if (std::exchange(application.pending, kind) == kind) return;
  log_.info(component, "{}: {}", name_of(application), application.pending_reason);
  report_state(application, application.pending_reason, outbox);
}

/// False when the container has to wait, and so the applications behind it.
bool ResourceManager::launch_master(Application& application, Outbox& outbox) {
  const Submission& submission = application.submission;
  const bool client_mode = submission.deploy_mode == DeployMode::client;
  const std::uint32_t cores = client_mode ? 0 : submission.driver_cores;
  const ByteCount memory =
      client_mode ? options_.client_mode_master_memory : submission.driver_memory;
  ClusterCapacity trial = capacity_;
  std::optional<Members> driver_on;
  if (client_mode)
    driver_on = place_on(trial, 0, submission.driver_cores, submission.driver_memory);
  std::optional<Members> master_on;
  if (!client_mode || driver_on)
    master_on = place_master(trial, cores, memory, submission.master_label);
  if (!master_on) {
    say_pending(
        application, Pending::for_master,
        fmt::format("waiting for the ApplicationMaster's container ({}, {}); free now: {} and {} "
                    "on {}",
                    counted(submission.driver_cores, "core"),
                    base::format_bytes(submission.driver_memory.value),
                    counted(capacity_.free_slots(), "slot"),
                    base::format_bytes(capacity_.free_memory()), counted(capacity_.size(), "rank")),
        outbox);
    return false;
  }
  capacity_ = std::move(trial);
  Container& master =
      add_container(application, ContainerKind::application_master, *master_on, memory, 0);
  application.last_heard = now_;
  application.pending_reason.clear();
  const Rank rank = master.granted.members[0].rank;
  application.master = {Role::application_master, rank, master.granted.id};
  enter(application, Phase::launched);
  application.driver = {Role::driver, rank, master.granted.id};
  if (client_mode) {
    Container& own =
        add_container(application, ContainerKind::driver, *driver_on, submission.driver_memory, 0);
    application.driver = {Role::driver, 0, own.granted.id};
    log_.info(component, "{}: {} granted on rank 0 for the driver", name_of(application),
              base::to_string(own.granted.id));
  }
  launch(application, master, outbox);
  return true;
}

Container& ResourceManager::add_container(Application& application, ContainerKind kind,
                                          Members members, ByteCount memory,
                                          std::int32_t priority) {
  Container container;
  container.granted.id = {application.id, application.attempt, ++application.last_container};
  container.granted.memory = memory;
  container.granted.priority = priority;
  container.kind = kind;
  container.live = members.size();
  container.exited.assign(members.size(), false);
  container.granted.members = std::move(members);
  const ContainerId id = container.granted.id;
  return application.containers.emplace(id, std::move(container)).first->second;
}

void ResourceManager::launch(const Application& application, const Container& container,
                             Outbox& outbox) const {
  const ContainerMember& member = container.granted.members.front();
  ContainerLaunch launch;
  launch.container = container.granted.id;
  launch.kind = container.kind;
  launch.runs_driver = application.driver.container == container.granted.id;
  launch.slots = member.slots;
  launch.node = member.node;
  launch.memory = launch.memory_limit = container.granted.memory;
  if (launch.runs_driver) launch.memory.value -= application.submission.driver_overhead.value;
  launch.application_master = application.master;
  launch.driver = application.driver;
  launch.submission = application.submission;
  outbox.send(at_rank(Role::node_manager, member.rank), ContainerLaunchRequested{launch});
}

void ResourceManager::serve_asks(Application& application, Outbox& outbox) {
  ContainersGranted granted;
  std::vector<ContainerId> ids;
  for (auto& [priority, ask] : application.asks) {
    for (Members& members : place(capacity_, ask)) {
      const Container& container = add_container(application, ContainerKind::executor,
                                                 std::move(members), ask.memory, priority);
      granted.containers.push_back(container.granted);
      ids.push_back(container.granted.id);
      --ask.count;
    }
  }
  std::erase_if(application.asks, [](const auto& entry) { return entry.second.count == 0; });
  if (ids.empty()) return;
  log_.info(component, "{}: {} granted: {}, the first on {}", name_of(application),
            counted(ids.size(), "container"), first_of(ids), ranks_of(granted.containers.front()));
  outbox.send(application.master, std::move(granted));
}

/// The cluster as it would be with nothing but the application's own master and driver: what it can
/// hope for.
ClusterCapacity ResourceManager::beside_own_master(const Application& application) const {
  ClusterCapacity capacity = capacity_.emptied();
  for (const auto& [id, container] : application.containers) {
    if (container.kind == ContainerKind::executor) continue;
    const ContainerMember& place = container.granted.members.front();
    // A rank that is leaving has its container still, and nothing to offer beside it.
    if (capacity.at(place.rank).offers()) capacity.take(place, container.granted.memory);
  }
  return capacity;
}

// --- ends ----------------------------------------------------------------------------------------

void ResourceManager::stop(Container& container, std::int32_t status, const std::string& reason,
                           Outbox& outbox) const {
  if (container.stopping) return;
  container.stopping = true;
  for (std::size_t i = 0; i < container.granted.members.size(); ++i) {
    if (container.exited[i]) continue;
    outbox.send(at_rank(Role::node_manager, container.granted.members[i].rank),
                ContainerStopRequested{container.granted.id, status, reason});
  }
}

void ResourceManager::stop_all(Application& application, std::int32_t status,
                               const std::string& reason, Outbox& outbox) {
  for (auto& [id, container] : application.containers) stop(container, status, reason, outbox);
}

void ResourceManager::member_exited(Application& application, Container& container,
                                    const ContainerExited& message, Rank rank, Outbox& outbox) {
  container.exited[message.member] = true;
  --container.live;
  capacity_.give_back(container.granted.members[message.member],
                      member_memory(container.granted, message.member));
  report_completion(application, container, message, rank, outbox);
  const bool expected = container.stopping;
  if (!expected && application.phase != Phase::completing) {
    log_.debug(component, "{} lost: {}", to_string(container.kind),
               describe_loss(message.container, rank, message.exit));
  }
  stop(container, exit_stopped_by_rm, "another member of the container ended", outbox);
  if (container.kind == ContainerKind::application_master && application.phase < Phase::ending) {
    end_attempt(application, message.exit, outbox);
  }
}

void ResourceManager::report_completion(const Application& application, const Container& container,
                                        const ContainerExited& message, Rank rank,
                                        Outbox& outbox) const {
  if (application.phase != Phase::running || container.released) return;
  if (container.kind == ContainerKind::application_master) return;
  ContainersCompleted completed{message.container, message.member, rank, message.exit};
  outbox.send(application.master, std::move(completed));
}

void ResourceManager::end_attempt(Application& application, const ContainerExit& exit,
                                  Outbox& outbox) {
  application.last_failure =
      "the ApplicationMaster was lost: " +
      describe_loss(application.master.container, application.master.rank, exit);
  application.last_status = exit.status;
  application.asks.clear();
  enter(application, Phase::ending);
  stop_all(application, exit_stopped_by_rm, "the ApplicationMaster ended", outbox);
}

void ResourceManager::check_ranks(Outbox& outbox) {
  if (last_heard_.empty() || now_ < next_rank_check_) return;
  next_rank_check_ = now_ + options_.network_timeout / 10;
  // Rank 0 is this very rank.
  for (std::size_t i = 1; i < last_heard_.size(); ++i) {
    const auto rank = static_cast<Rank>(i);
    const bool silent = now_ - last_heard_[i] >= options_.network_timeout;
    if (!silent || lost(rank) || departed_.contains(rank)) continue;
    lose_rank(rank,
              fmt::format("no heartbeat for {} (volley.network.timeout)",
                          base::format_duration(options_.network_timeout)),
              outbox);
  }
}

void ResourceManager::lose_rank(Rank rank, const std::string& why, Outbox& outbox) {
  lost_ranks_.insert(rank);
  const std::string reason = fmt::format("rank {} was lost: {}", rank, why);
  for (std::size_t i = 0; i < last_heard_.size(); ++i) {
    const auto other = static_cast<Rank>(i);
    if (lost(other) || departed_.contains(other)) continue;
    outbox.send(at_rank(Role::node_manager, other), PeerLost{rank, reason});
  }
  std::vector<ContainerExited> exits;
  for (const auto& [number, application] : applications_) {
    for (const auto& [id, container] : application.containers) {
      const auto& members = container.granted.members;
      for (std::uint32_t i = 0; i < members.size(); ++i) {
        if (members[i].rank != rank || container.exited[i]) continue;
        exits.push_back({id, i, {exit_node_lost, 0, reason, 0}});
      }
    }
  }
  log_.warn(component, "{}; {} were there", reason, counted(exits.size(), "container"));
  capacity_.lose(rank);
  for (const ContainerExited& exit : exits) on(exit, at_rank(Role::node_manager, rank), outbox);
  for (auto& [number, application] : applications_) {
    if (application.phase != Phase::running || application.master.rank == rank) continue;
    outbox.send(application.master, RankLost{rank, reason});
    std::erase_if(application.asks, [&](const auto& entry) {
      return refuse_impossible(application, entry.second, outbox);
    });
  }
}

/// One that hangs keeps its container and its executors busy for ever: its NodeManager ends it, and
/// the exit ends the attempt.
void ResourceManager::check_master(Application& application, Outbox& outbox) {
  if (application.phase != Phase::launched && application.phase != Phase::running) return;
  if (now_ - application.last_heard < options_.network_timeout) return;
  const auto held = application.containers.find(application.master.container);
  if (held == application.containers.end() || held->second.stopping) return;
  const std::string reason =
      fmt::format("ApplicationMaster heartbeat timed out after {} (volley.network.timeout)",
                  base::format_duration(options_.network_timeout));
  log_.warn(component, "{}: {}", name_of(application), reason);
  stop(held->second, exit_stopped_by_rm, reason, outbox);
}

void ResourceManager::next_attempt_or_fail(Application& application, Outbox& outbox) {
  if (application.attempt >= options_.max_am_attempts) {
    const bool own_code = application.last_status > 0 && application.last_status < 128;
    complete(application,
             {ApplicationState::failed, FinalStatus::failed,
              fmt::format("{} failed; the last: {}", counted(application.attempt, "attempt"),
                          application.last_failure),
              own_code ? application.last_status : 1},
             outbox);
    return;
  }
  const std::string why = fmt::format("attempt {} of {} failed: {}", application.attempt,
                                      options_.max_am_attempts, application.last_failure);
  for (std::size_t rank = 0; rank < capacity_.size(); ++rank) {
    if (lost(static_cast<Rank>(rank))) continue;
    outbox.send(at_rank(Role::node_manager, static_cast<Rank>(rank)),
                AttemptCleanupRequested{application.id, application.attempt});
  }
  ++application.attempt;
  application.last_container = 0;
  application.master = {};
  application.tracking_address.clear();
  application.pending = Pending::none;
  application.started.clear();
  enter(application, Phase::waiting);
  report_state(application, why, outbox);
}

/// The outcome is known. Executors stop now; the processes of the ApplicationMaster and the driver
/// end by themselves, or are stopped by a later tick.
void ResourceManager::complete(Application& application, Outcome outcome, Outbox& outbox) {
  if (outcome.status == FinalStatus::failed && outcome.exit_code == 0) outcome.exit_code = 1;
  application.outcome = std::move(outcome);
  application.asks.clear();
  log_started(application);
  enter(application, Phase::completing);
  for (auto& [id, container] : application.containers) {
    if (container.kind != ContainerKind::executor) continue;
    stop(container, exit_after_completion, "the application is over", outbox);
  }
}

void ResourceManager::announce_end(const Application& application, Outbox& outbox) const {
  log_.info(component, "{}: {} returned, {} of {} slots free", name_of(application),
            counted(application.returned, "container"), capacity_.free_slots(),
            capacity_.total_slots());
  for (std::size_t rank = 0; rank < capacity_.size(); ++rank) {
    if (lost(static_cast<Rank>(rank))) continue;
    outbox.send(at_rank(Role::node_manager, static_cast<Rank>(rank)),
                ApplicationCleanupRequested{application.id});
  }
  report_state(application, application.outcome->diagnostics, outbox);
}

void ResourceManager::log_started(Application& application) const {
  if (application.started.empty()) return;
  log_.info(component, "{}: {} started: {}", name_of(application),
            counted(application.started.size(), "executor container"),
            first_of(application.started));
  application.started.clear();
}

}  // namespace volley::rm
