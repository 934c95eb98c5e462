#include "am/application_master.hpp"

#include "base/liveness.hpp"
#include "protocol/containers.hpp"

#include <algorithm>
#include <utility>

namespace volley::am {

using namespace protocol;
using base::TimePoint;

namespace {
constexpr std::string_view component = "ApplicationMaster";
constexpr std::int32_t executor_priority = 1;
const Address resource_manager = at_rank(Role::resource_manager, 0);
}  // namespace

ApplicationMaster::ApplicationMaster(Options options, const base::Log& log)
    : options_(std::move(options)),
      log_(log),
      failures_(options_.failures_validity),
      health_([this] {
        NodeHealth::Options health = options_.node_health;
        health.failure_validity = options_.failures_validity;
        return health;
      }()) {}

void ApplicationMaster::enter(State state) {
  state_ = state;
  if (state == State::registered) {
    log_.info(component, "registered {} for {}: the cluster has {} on {}",
              base::to_string(options_.launch.container), base::to_string(cluster_.application),
              counted(cluster_.total_slots, "slot"), counted(cluster_.ranks, "rank"));
  }
}

void ApplicationMaster::drop(std::string_view what, const Address& from) {
  ++dropped_;
  log_.debug(component, "dropped {} from {}", what, to_string(from));
}

bool ApplicationMaster::driver_has_own_container() const {
  return options_.launch.driver.container != options_.launch.container;
}

void ApplicationMaster::start(Outbox& outbox) {
  if (state_ != State::created) return;
  enter(State::registering);
  outbox.send(resource_manager,
              ApplicationMasterRegistered{options_.launch.container, options_.tracking_address});
}

void ApplicationMaster::on(const ApplicationMasterAccepted& message, const Address& from,
                           Outbox& outbox) {
  if (state_ != State::registering) return drop("ApplicationMasterAccepted", from);
  cluster_ = message;
  enter(State::registered);
  if (early_request_) on(*std::exchange(early_request_, std::nullopt), from, outbox);
}

// --- negotiation ---------------------------------------------------------------------------------

void ApplicationMaster::on(const ExecutorsRequested& message, const Address& from, Outbox& outbox) {
  if (state_ == State::finished) return drop("ExecutorsRequested", from);
  driver_heard_ = true;
  if (state_ != State::registered) {
    early_request_ = message;
    return;
  }
  health_.set_driver_excluded(message.excluded_nodes);
  // A rank may have to hold this master, the driver and an executor when no other is left.
  base::ByteCount masters = options_.launch.memory_limit;
  if (driver_has_own_container()) masters.value += options_.launch.submission.driver_memory.value;
  need_ = resolve(message, cluster_, masters);
  log_.info(component, "the driver asks for {}{} of {} and {} each ({} of them overhead)",
            need_->as_many_as_fit ? "as many executors as fit, at most " : "",
            counted(need_->count, "executor"), counted(need_->cores, "core"),
            base::format_bytes(need_->container.value),
            base::format_bytes(need_->container.value - need_->memory.value));
  ask(outbox);
  if (live_ >= need_->count) tell_driver(true, {}, outbox);
}

/// Sets the ResourceManager's open request to what is missing now.
void ApplicationMaster::ask(Outbox& outbox) {
  ContainerAsk missing;
  missing.count = static_cast<std::uint32_t>(pending());
  missing.cores = need_->cores;
  missing.memory = need_->container;
  missing.priority = executor_priority;
  missing.label = options_.launch.submission.executor_label;
  missing.excluded_nodes = avoided_ = health_.excluded(now_);
  outbox.send(resource_manager, ContainersRequested{options_.launch.container, {missing}});
}

/// Those of an open request that name nodes which are not avoided any more.
void ApplicationMaster::renew_asks(Outbox& outbox) {
  if (state_ != State::registered || pending() == 0 || avoided_ == health_.excluded(now_)) return;
  ask(outbox);
}

void ApplicationMaster::on(const ExecutorsReleased& message, const Address& from, Outbox& outbox) {
  if (state_ != State::registered) return drop("ExecutorsReleased", from);
  ContainersReleased released{options_.launch.container, {}};
  for (const base::ExecutorId executor : message.executors) {
    const auto found = std::find_if(containers_.begin(), containers_.end(), [&](const auto& entry) {
      return entry.second.executor == executor && !entry.second.lost;
    });
    if (found == containers_.end()) {
      drop("the release of an executor", from);
      continue;
    }
    released.containers.push_back(found->first);
    containers_.erase(found);
    --live_;
  }
  if (released.containers.empty()) return;
  log_.info(component, "{} idle: releasing {}", counted(released.containers.size(), "executor"),
            first_of(released.containers));
  outbox.send(resource_manager, std::move(released));
  if (pending() > 0) ask(outbox);
}

void ApplicationMaster::tell_driver(bool final, const std::string& note, Outbox& outbox) const {
  ExecutorsNegotiated negotiated;
  negotiated.requested = need_->count;
  negotiated.granted = static_cast<std::uint32_t>(live_);
  negotiated.cores = need_->cores;
  negotiated.final = final;
  negotiated.note = note;
  outbox.send(options_.launch.driver, negotiated);
}

void ApplicationMaster::on(const ContainersGranted& message, const Address& from, Outbox& outbox) {
  std::vector<ContainerId> launched, surplus;
  for (const GrantedContainer& granted : message.containers) {
    const bool wanted = state_ == State::registered && need_ && live_ < need_->count;
    (wanted ? launched : surplus).push_back(granted.id);
    if (!wanted) continue;
    ExecutorContainer& container = containers_[granted.id];
    container.executor = ++last_executor_;
    container.granted = granted;
    container.members_left = granted.members.size();
    ++live_;
    launch(container, outbox);
  }
  if (!surplus.empty()) {
    outbox.send(resource_manager, ContainersReleased{options_.launch.container, surplus});
  }
  if (launched.empty()) return drop("ContainersGranted", from);
  log_.info(component, "launching {} in {}; {} of {} granted", counted(launched.size(), "executor"),
            first_of(launched), live_, need_->count);
  if (live_ == need_->count) tell_driver(true, {}, outbox);
}

void ApplicationMaster::launch(const ExecutorContainer& container, Outbox& outbox) const {
  const auto& members = container.granted.members;
  for (std::size_t i = 0; i < members.size(); ++i) {
    ContainerLaunch launch;
    launch.container = container.granted.id;
    launch.kind = ContainerKind::executor;
    launch.member = static_cast<std::uint32_t>(i);
    launch.members = static_cast<std::uint32_t>(members.size());
    launch.slots = members[i].slots;
    launch.node = members[i].node;
    launch.memory = slots_share(need_->memory, total_slots(container.granted), members[i].slots);
    launch.memory_limit = member_memory(container.granted, i);
    launch.executor = container.executor;
    launch.application_master = options_.launch.application_master;
    launch.driver = options_.launch.driver;
    launch.submission = options_.launch.submission;
    outbox.send(at_rank(Role::node_manager, members[i].rank),
                ContainerLaunchRequested{std::move(launch)});
  }
  ExecutorLaunched launched{container.executor, container.granted.id, {}};
  for (const ContainerMember& member : members) launched.ranks.push_back(member.rank);
  outbox.send(options_.launch.driver, std::move(launched));
}

void ApplicationMaster::on(const ContainersUnavailable& message, const Address& from,
                           Outbox& outbox) {
  const bool of_now = state_ == State::registered && need_ && live_ < need_->count;
  if (!of_now || message.priority != executor_priority) return drop("ContainersUnavailable", from);
  const bool begun = need_->exact || last_executor_ > 0;  // the driver waits for no first answer
  if (message.never && live_ == 0 && begun) {
    return finish(FinalStatus::failed,
                  fmt::format("no executor can be granted: {}", message.reason), 1, outbox);
  }
  if (message.never && live_ == 0) {
    return tell_driver(true, fmt::format("no executor can be granted: {}", message.reason), outbox);
  }
  if (need_->as_many_as_fit && live_ > 0) {
    // This is what fits; do not keep asking for the rest of an upper bound.
    need_->count = static_cast<std::uint32_t>(live_);
    ask(outbox);
    log_.info(component, "{} fit", counted(live_, "executor"));
    return tell_driver(true, {}, outbox);
  }
  log_.warn(component, "{} of {} granted: {}", live_, counted(need_->count, "executor"),
            message.reason);
  tell_driver(live_ > 0, message.reason, outbox);
}

// --- losses --------------------------------------------------------------------------------------

void ApplicationMaster::on(const ContainersCompleted& message, const Address& from,
                           Outbox& outbox) {
  if (state_ == State::finished) return drop("ContainersCompleted", from);
  if (driver_has_own_container() && message.container == options_.launch.driver.container) {
    driver_exit_ =
        "the driver was lost: " + describe_loss(message.container, message.rank, message.exit);
    return;
  }
  const auto found = containers_.find(message.container);
  if (found == containers_.end()) return drop("ContainersCompleted", from);
  ExecutorContainer& container = found->second;
  if (!container.lost) executor_lost(container, message, outbox);
  if (state_ == State::finished) return;
  if (--container.members_left != 0) return;
  containers_.erase(found);
  if (live_ < need_->count) ask(outbox);
}

void ApplicationMaster::executor_lost(ExecutorContainer& container,
                                      const ContainersCompleted& message, Outbox& outbox) {
  container.lost = true;
  --live_;
  const bool counts = counts_as_failure(message.exit);
  if (counts) {
    failures_.add(now_);
    health_.executor_failed(container.granted.members.front().node, now_);
  }
  std::string reason = fmt::format("executor {} lost: {}", container.executor,
                                   describe_loss(message.container, message.rank, message.exit));
  if (counts && !stages_.empty()) reason += "; running then: " + stages_;
  const std::uint32_t limit = executor_failure_limit(options_.max_executor_failures, need_->most,
                                                     options_.task_max_failures);
  log_.warn(component, "{}; {}", reason,
            counts ? fmt::format("failure {} of at most {}", failures(), limit)
                   : "not counted as a failure");
  outbox.send(
      options_.launch.driver,
      ExecutorLost{container.executor, caused_by_application(message.exit), reason, message.rank});
  if (!counts) return;
  if (failures() >= limit) {
    return finish(
        FinalStatus::failed,
        fmt::format("Max number of executor failures ({}) reached; the last: {}. Raise "
                    "volley.executor.maxNumFailures, or set "
                    "volley.executor.failuresValidityInterval, if they are not the program's doing",
                    limit, reason),
        1, outbox);
  }
  if (health_.all_excluded(cluster_.nodes, now_)) {
    finish(FinalStatus::failed,
           fmt::format("Due to executor failures all available nodes are excluded ({}); the last: "
                       "{}",
                       counted(cluster_.nodes, "node"), reason),
           1, outbox);
  }
}

void ApplicationMaster::on(const RankLost& message, const Address& from, Outbox& outbox) {
  if (state_ == State::finished) return drop("RankLost", from);
  outbox.send(options_.launch.driver, RankDataLost{message.rank, message.reason});
}

// --- progress and end ----------------------------------------------------------------------------

void ApplicationMaster::on(const DriverProgressed& message, const Address& from, Outbox&) {
  if (state_ == State::finished) return drop("DriverProgressed", from);
  progress_ = message.progress;
  stages_ = message.stages;
  driver_heard_ = true;
}

void ApplicationMaster::on(const DriverFinished& message, const Address& from, Outbox& outbox) {
  if (state_ == State::finished) return drop("DriverFinished", from);
  start(outbox);  // a program may be over before anything else has happened
  finish(message.status, message.diagnostics, message.exit_code, outbox);
}

void ApplicationMaster::finish(FinalStatus status, std::string diagnostics, std::int32_t exit_code,
                               Outbox& outbox) {
  for (const auto& [id, container] : containers_) {
    for (const ContainerMember& member : container.granted.members) {
      outbox.send(at_rank(Role::node_manager, member.rank),
                  ContainerStopRequested{id, exit_stopped_by_am, "the program is over"});
    }
  }
  log_.info(component, "unregistering with final status {}, stopping {}", to_string(status),
            counted(live_, "executor"));
  containers_.clear();
  live_ = 0;
  driver_exit_.reset();
  outbox.send(resource_manager,
              ApplicationUnregistered{options_.launch.container, status, diagnostics, exit_code});
  enter(State::finished);
}

void ApplicationMaster::tick(TimePoint now, Outbox& outbox) {
  now_ = now;
  start(outbox);
  renew_asks(outbox);
  if (state_ == State::registered && (!next_report_ || now >= *next_report_)) {
    next_report_ = now + options_.progress_interval;
    outbox.send(resource_manager,
                ApplicationProgressReported{options_.launch.container, progress_});
  }
  if (state_ == State::registered && driver_has_own_container()) check_driver(now);
  if (!driver_exit_) return;
  if (!driver_deadline_) driver_deadline_ = now + options_.last_message_grace;
  if (now >= *driver_deadline_) finish(FinalStatus::failed, *driver_exit_, 1, outbox);
}

/// A driver that shares this process is silent only when this role is.
void ApplicationMaster::check_driver(TimePoint now) {
  const bool asleep = base::slept(std::exchange(last_tick_, now), now, options_.network_timeout);
  const bool heard = std::exchange(driver_heard_, false);
  if (heard || asleep || !driver_last_heard_) driver_last_heard_ = now;
  if (driver_exit_ || now - *driver_last_heard_ < options_.network_timeout) return;
  driver_exit_ = fmt::format("the driver in {} was silent for {} (volley.network.timeout)",
                             base::to_string(options_.launch.driver.container),
                             base::format_duration(options_.network_timeout));
}

}  // namespace volley::am
