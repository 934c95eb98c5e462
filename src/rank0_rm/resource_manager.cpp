#include "rank0_rm/resource_manager.hpp"

#include "base/check.hpp"
#include "base/liveness.hpp"
#include "protocol/containers.hpp"

#include <algorithm>
#include <set>

// Handlers and time. Applications' lives are in resource_manager_applications.cpp.

namespace volley::rm {

using namespace protocol;
using base::Rank;
using base::TimePoint;

namespace {
constexpr std::string_view component = "ResourceManager";
}

ResourceManager::ResourceManager(Options options, const base::Log& log)
    : options_(options), log_(log) {
  VOLLEY_CHECK(options.expected_ranks > 0, "a cluster of no ranks");
}

void ResourceManager::drop(std::string_view what, const Address& from) {
  ++dropped_;
  log_.debug(component, "dropped {} from {}", what, to_string(from));
}

Application* ResourceManager::application_of(const ContainerId& master,
                                             std::initializer_list<Phase> phases) {
  const auto found = applications_.find(master.application.number);
  if (found == applications_.end()) return nullptr;
  Application& application = found->second;
  const bool in_phase = std::find(phases.begin(), phases.end(), application.phase) != phases.end();
  if (!in_phase || application.master.container != master) return nullptr;
  application.last_heard = now_;
  return &application;
}

std::size_t ResourceManager::containers() const {
  std::size_t sum = 0;
  for (const auto& [number, application] : applications_) sum += application.containers.size();
  return sum;
}

// --- the cluster ---------------------------------------------------------------------------------

void ResourceManager::on(const NodeRegistered& message, const Address& from, Outbox& outbox) {
  const bool known_rank =
      from.rank >= 0 && static_cast<std::uint32_t>(from.rank) < options_.expected_ranks;
  if (announced_ || !known_rank || !registered_.emplace(from.rank, message).second) {
    return drop("NodeRegistered", from);
  }
  if (registered_.size() < options_.expected_ranks) return;
  announce_cluster(build_problem(), outbox);
  settle(outbox);
}

std::string ResourceManager::build_problem() const {
  const NodeRegistered& mine = registered_.at(0);
  for (Rank rank = 1; static_cast<std::uint32_t>(rank) < options_.expected_ranks; ++rank) {
    const NodeRegistered& other = registered_.at(rank);
    if (other.build_id == mine.build_id) continue;
    return fmt::format(
        "rank {} on {} runs another build ({:016x}) than rank 0 on {} ({:016x}); install the same "
        "build on every node",
        rank, other.host, other.build_id, mine.host, mine.build_id);
  }
  return {};
}

void ResourceManager::announce_cluster(const std::string& problem, Outbox& outbox) {
  announced_ = true;
  problem_ = problem;
  std::vector<RankCapacity> ranks(options_.expected_ranks);
  std::set<std::uint32_t> nodes;
  for (const auto& [rank, node] : registered_) {
    ranks[static_cast<std::size_t>(rank)] = {
        node.node, node.slots, node.memory.value, node.label, 0, 0, false};
    nodes.insert(node.node);
  }
  capacity_ = ClusterCapacity(std::move(ranks));
  last_heard_.assign(options_.expected_ranks, now_);
  registered_.clear();
  if (problem.empty()) {
    log_.info(component, "cluster ready: {} on {}, {}, {} of memory",
              counted(options_.expected_ranks, "rank"), counted(nodes.size(), "node"),
              counted(capacity_.total_slots(), "slot"),
              base::format_bytes(capacity_.total_memory()));
  } else {
    log_.error(component, "cluster unusable: {}", problem);
  }
  outbox.send(at_rank(Role::client, 0),
              ClusterReady{options_.expected_ranks, static_cast<std::uint32_t>(nodes.size()),
                           capacity_.total_slots(), ByteCount{capacity_.total_memory()}, problem});
}

void ResourceManager::on(const NodeHeartbeat&, const Address& from, Outbox& outbox) {
  const auto rank = static_cast<std::size_t>(from.rank);
  if (!lost(from.rank)) {
    outbox.send(from, HeartbeatAnswered{});
    if (rank < last_heard_.size()) last_heard_[rank] = now_;  // else it is not complete yet
    return;
  }
  // It only stood still. Its work is done elsewhere by now, and what it offers is not counted.
  drop("NodeHeartbeat", from);
  outbox.send(from, NodeShutdownRequested{1});
}

void ResourceManager::on(const NodeLeaving& message, const Address& from, Outbox& outbox) {
  if (!announced_ || static_cast<std::size_t>(from.rank) >= capacity_.size() || lost(from.rank)) {
    return drop("NodeLeaving", from);
  }
  log_.warn(component, "rank {} is leaving ({}): it gets no more containers", from.rank,
            message.reason);
  capacity_.close(from.rank);
  settle(outbox);
}

void ResourceManager::on(const RankFailed& message, const Address& from, Outbox& outbox) {
  const bool other =
      message.rank > 0 && static_cast<std::uint32_t>(message.rank) < options_.expected_ranks;
  if (!other || lost(message.rank) || departed_.contains(message.rank)) {
    return drop("RankFailed", from);
  }
  if (!announced_) {
    return announce_cluster(fmt::format("rank {} {}", message.rank, message.reason), outbox);
  }
  lose_rank(message.rank, message.reason, outbox);
  settle(outbox);
}

void ResourceManager::on(const NodeDeparted&, const Address& from, Outbox& outbox) {
  if (lost(from.rank) || !departed_.insert(from.rank).second) return drop("NodeDeparted", from);
  outbox.send(from, NodeDismissed{});
}

// --- requests of clients and ApplicationMasters --------------------------------------------------

void ResourceManager::on(const ApplicationSubmitted& message, const Address& from, Outbox& outbox) {
  const ApplicationId id{options_.cluster_start, ++last_application_};
  Application& application = applications_[id.number];
  application.id = id;
  application.submission = message.submission;
  application.client = from;
  enter(application, Phase::waiting);
  report_state(application, {}, outbox);
  settle(outbox);
}

void ResourceManager::on(const ApplicationMasterRegistered& message, const Address& from,
                         Outbox& outbox) {
  Application* application = application_of(message.container, {Phase::launched});
  if (application == nullptr) return drop("ApplicationMasterRegistered", from);
  application->tracking_address = message.tracking_address;
  enter(*application, Phase::running);
  ApplicationMasterAccepted accepted;
  accepted.application = application->id;
  accepted.total_slots = capacity_.total_slots();
  accepted.rank_slots = capacity_.largest_rank_slots();
  accepted.node_slots = capacity_.largest_node_slots();
  accepted.rank_memory = {capacity_.largest_rank_memory()};
  accepted.node_memory = {capacity_.largest_node_memory()};
  accepted.ranks = options_.expected_ranks;
  accepted.nodes = static_cast<std::uint32_t>(capacity_.nodes().size());
  outbox.send(application->master, accepted);
  // In client mode the driver starts when there is an ApplicationMaster to talk to.
  if (application->driver.container != application->master.container) {
    launch(*application, application->containers.at(application->driver.container), outbox);
  }
  report_state(*application, {}, outbox);
}

void ResourceManager::on(const ContainersRequested& message, const Address& from, Outbox& outbox) {
  Application* application = application_of(message.master, {Phase::running});
  if (application == nullptr) return drop("ContainersRequested", from);
  std::vector<ContainerAsk> answered;
  for (ContainerAsk ask : message.asks) {
    ask.cores = std::max(ask.cores, 1U);
    application->asks.erase(ask.priority);
    if (ask.count == 0) continue;
    if (refuse_impossible(*application, ask, outbox)) continue;
    application->asks[ask.priority] = ask;
    answered.push_back(ask);
  }
  settle(outbox);
  for (const ContainerAsk& ask : answered) {
    const auto open = application->asks.find(ask.priority);
    if (open == application->asks.end()) continue;
    const std::uint32_t missing = open->second.count;
    const std::string reason = why_fewer(capacity_, ask, ask.count, ask.count - missing);
    log_.info(component, "{}: {}", base::to_string(application->id), reason);
    outbox.send(application->master, ContainersUnavailable{ask.priority, missing, false, reason});
  }
}

void ResourceManager::on(const ContainersReleased& message, const Address& from, Outbox& outbox) {
  Application* application =
      application_of(message.master, {Phase::running, Phase::ending, Phase::completing});
  if (application == nullptr) return drop("ContainersReleased", from);
  for (const ContainerId& id : message.containers) {
    const auto found = application->containers.find(id);
    if (found == application->containers.end() || found->second.kind != ContainerKind::executor) {
      drop("the release of a container", from);
      continue;
    }
    found->second.released = true;
    stop(found->second, exit_stopped_by_am, "released by its ApplicationMaster", outbox);
  }
}

void ResourceManager::on(const ApplicationProgressReported& message, const Address& from,
                         Outbox& outbox) {
  Application* application = application_of(message.master, {Phase::running});
  if (application == nullptr) return drop("ApplicationProgressReported", from);
  if (std::exchange(application->progress, message.progress) == message.progress) return;
  outbox.send(application->client, ApplicationProgressed{application->id, message.progress});
}

void ResourceManager::on(const ApplicationUnregistered& message, const Address& from,
                         Outbox& outbox) {
  Application* application = application_of(message.master, {Phase::running, Phase::ending});
  if (application == nullptr) return drop("ApplicationUnregistered", from);
  Outcome outcome;
  outcome.status = message.status;
  if (message.status == FinalStatus::killed) outcome.state = ApplicationState::killed;
  outcome.diagnostics = message.diagnostics;
  outcome.exit_code = message.exit_code;
  complete(*application, std::move(outcome), outbox);
  settle(outbox);
}

void ResourceManager::on(const ApplicationKillRequested& message, const Address& from,
                         Outbox& outbox) {
  const auto found = applications_.find(message.application.number);
  if (found == applications_.end() || found->second.id != message.application ||
      found->second.phase == Phase::completing) {
    return drop("ApplicationKillRequested", from);
  }
  Application& application = found->second;
  stop_all(application, exit_stopped_by_rm, "the application was killed", outbox);
  complete(application,
           {ApplicationState::killed, FinalStatus::killed,
            message.reason.empty() ? "killed" : fmt::format("killed: {}", message.reason), 1},
           outbox);
  settle(outbox);
}

void ResourceManager::on(const ApplicationDrainRequested& message, const Address& from,
                         Outbox& outbox) {
  const auto found = applications_.find(message.application.number);
  if (found == applications_.end() || found->second.id != message.application ||
      found->second.phase != Phase::running) {
    return drop("ApplicationDrainRequested", from);
  }
  outbox.send(found->second.driver, DrainRequested{message.reason, message.grace});
}

// --- containers ----------------------------------------------------------------------------------

void ResourceManager::on(const ContainerStarted& message, const Address& from, Outbox&) {
  const auto found = applications_.find(message.container.application.number);
  if (found == applications_.end() || !found->second.containers.contains(message.container)) {
    return drop("ContainerStarted", from);
  }
  const Container& container = found->second.containers.at(message.container);
  if (container.kind == ContainerKind::executor && message.member == 0) {
    found->second.started.push_back(message.container);
  }
}

void ResourceManager::on(const ContainerExited& message, const Address& from, Outbox& outbox) {
  const auto found = applications_.find(message.container.application.number);
  if (found == applications_.end()) return drop("ContainerExited", from);
  Application& application = found->second;
  const auto held = application.containers.find(message.container);
  if (held == application.containers.end()) return drop("ContainerExited", from);
  Container& container = held->second;
  // A container has at most one member on a rank; a NodeManager that was told to stop a member
  // before it was told to start it knows no other name for it.
  const auto& members = container.granted.members;
  const auto member = std::find_if(members.begin(), members.end(),
                                   [&](const ContainerMember& m) { return m.rank == from.rank; });
  const auto index = static_cast<std::size_t>(member - members.begin());
  if (member == members.end() || container.exited[index]) return drop("ContainerExited", from);
  ContainerExited exited = message;
  exited.member = static_cast<std::uint32_t>(index);
  member_exited(application, container, exited, from.rank, outbox);
  if (container.live == 0) {
    ++application.returned;
    application.containers.erase(held);
  }
  settle(outbox);
}

// --- time ----------------------------------------------------------------------------------------

void ResourceManager::tick(TimePoint now, Outbox& outbox) {
  if (base::slept(now_, now, options_.network_timeout)) {
    for (auto& [number, application] : applications_) application.last_heard = now;
    last_heard_.assign(last_heard_.size(), now);
  }
  now_ = now;
  check_ranks(outbox);
  if (!announced_) {
    if (!registration_deadline_) registration_deadline_ = now + options_.registration_timeout;
    if (now >= *registration_deadline_) {
      std::string missing;
      for (Rank rank = 0; static_cast<std::uint32_t>(rank) < options_.expected_ranks; ++rank) {
        if (!registered_.contains(rank) && missing.size() < 60) missing += fmt::format(" {}", rank);
      }
      announce_cluster(fmt::format("{} of {} registered within {}; missing:{}", registered_.size(),
                                   counted(options_.expected_ranks, "rank"),
                                   base::format_duration(options_.registration_timeout), missing),
                       outbox);
    }
  }
  for (auto& [number, application] : applications_) {
    log_started(application);
    check_master(application, outbox);
    const bool ending = application.phase == Phase::ending;
    if (!ending && application.phase != Phase::completing) continue;
    if (!application.deadline) {
      application.deadline =
          now + (ending ? options_.last_message_grace : options_.master_exit_grace);
    }
    if (now < *application.deadline) continue;
    if (!ending) {
      stop_all(application, exit_after_completion, "the application is over", outbox);
    } else if (application.containers.empty()) {
      next_attempt_or_fail(application, outbox);
    }
  }
  settle(outbox);
}

}  // namespace volley::rm
