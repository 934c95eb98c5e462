#include "driver/driver.hpp"

#include "base/liveness.hpp"

#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <variant>

namespace volley::driver {

using protocol::Address;
using protocol::Outbox;

namespace {
constexpr auto component = "Driver";
constexpr float progress_step = 0.01F;

}  // namespace

Driver::Driver(Options options, const base::Log& log)
    : options_(options),
      log_(log),
      events_(options_),
      planner_(options_, log_, shuffles_, workers_),
      scheduler_(options_, log_, shuffles_, workers_, blocks_, events_),
      dag_(options_, log_, shuffles_, blocks_, copies_, workers_, planner_, scheduler_, statistics_,
           events_),
      allocation_(options_.allocation) {}

void Driver::start(const protocol::ExecutorsRequested& request, Outbox& outbox) {
  state_ = State::running;
  startup_.begin(now_);
  request_ = first_request(request);
  outbox.send(options_.application_master, request_);
}

bool Driver::accepts() {
  if (state_ != State::stopped) return true;
  ++late_;
  return false;
}

void Driver::settle(Turn& turn) {
  dag_.settle(turn);
  const bool adapts = options_.allocation.enabled;
  auto ready = startup_.decide(workers_.complete_executors(),
                               adapts ? request_.count : std::numeric_limits<std::uint32_t>::max(),
                               workers_.slots(), turn.now, options_.registration_wait,
                               options_.registration_ratio);
  if (!ready) return;
  if (ready->error.empty()) {
    log_.info(component, "{} executors with {} slots are ready", ready->executors, ready->slots);
  } else {
    log_.debug(component, "{}", ready->error);  // the program's failure tells it
  }
  turn.outbox.send(options_.program, std::move(*ready));
}

template <class M>
void Driver::to_dag(const M& message, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  dag_.on(message, turn);
  settle(turn);
}

void Driver::on(const protocol::JobSubmitted& message, const Address&, Outbox& outbox) {
  to_dag(message, outbox);
}
void Driver::on(const protocol::JobCancelRequested& message, const Address&, Outbox& outbox) {
  to_dag(message, outbox);
}
void Driver::on(const protocol::JobGroupCancelRequested& message, const Address&, Outbox& outbox) {
  to_dag(message, outbox);
}
void Driver::on(const protocol::TaggedJobsCancelRequested& message, const Address&,
                Outbox& outbox) {
  to_dag(message, outbox);
}
void Driver::on(const protocol::AllJobsCancelRequested& message, const Address&, Outbox& outbox) {
  to_dag(message, outbox);
}
void Driver::on(const protocol::StageCancelRequested& message, const Address&, Outbox& outbox) {
  to_dag(message, outbox);
}
void Driver::on(const protocol::RddUnpersisted& message, const Address&, Outbox& outbox) {
  to_dag(message, outbox);
}
void Driver::on(const protocol::ShuffleForgotten& message, const Address&, Outbox& outbox) {
  to_dag(message, outbox);
}

/// Broadcasts belong to the driver's rank and those that get them from there.
void Driver::on(const protocol::BroadcastCreated& message, const Address&, Outbox& outbox) {
  if (!accepts()) return;
  outbox.send(protocol::at_rank(protocol::Role::shuffle_service, outbox.self().rank),
              protocol::BroadcastWritten{
                  protocol::BroadcastId{options_.application, outbox.self().container.attempt,
                                        message.number},
                  message.data});
}
void Driver::on(const protocol::BroadcastForgotten& message, const Address&, Outbox& outbox) {
  if (!accepts()) return;
  outbox.send(protocol::at_rank(protocol::Role::shuffle_service, outbox.self().rank),
              protocol::BroadcastRemoved{
                  protocol::BroadcastId{options_.application, outbox.self().container.attempt,
                                        message.number},
                  message.destroyed});
}

void Driver::on(const protocol::ProgramFinished& message, const Address&, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  dag_.fail_all_jobs("the program has ended while the job was running", turn);
  settle(turn);
  state_ = State::stopped;
  protocol::DriverFinished finished;
  const bool good = message.exit_code == 0 && message.error.empty();
  finished.status = good ? protocol::FinalStatus::succeeded : protocol::FinalStatus::failed;
  finished.diagnostics = message.error;
  if (!good && message.error.empty()) {
    finished.diagnostics = fmt::format("The program ended with exit code {}", message.exit_code);
  }
  finished.exit_code = !good && message.exit_code == 0 ? 1 : message.exit_code;
  log_.info(component, "The program has ended with exit code {}", finished.exit_code);
  outbox.send(options_.application_master, std::move(finished));
}

void Driver::on(const protocol::ExecutorsNegotiated& message, const Address&, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  if (!message.note.empty()) {
    log_.debug(component, "{} of {} executors granted: {}", message.granted, message.requested,
               message.note);
  }
  startup_.on(message);
  allocation_.set_slots(message.cores);
  settle(turn);
}

void Driver::on(const protocol::ExecutorLaunched& message, const Address&, Outbox&) {
  if (accepts()) workers_.expect(message, now_);
}

void Driver::on(const protocol::ExecutorRegistered& message, const Address& from, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  if (message.build_id != options_.build_id) {
    log_.error(component,
               "Executor {} on {} runs another build ({:016x}, the driver {:016x}) and is ignored: "
               "install the same binary on all nodes",
               message.executor, message.host, message.build_id, options_.build_id);
    return;
  }
  const auto registration = workers_.add(message, from, now_);
  if (registration == WorkerTable::Registration::lost_before) {
    ++late_;
    outbox.send(from, protocol::ExecutorStopRequested{"it was reported lost before"});
    return;
  }
  outbox.send(from, protocol::ExecutorAccepted{options_.heartbeat_interval});
  if (registration == WorkerTable::Registration::repeated) return;
  log_.info(component, "Executor {} member {} of {} registered: {} rank {}, {} slots, {}",
            message.executor, message.member + 1, message.members, message.host, from.rank,
            message.slots, base::format_bytes(message.memory.value));
  if (workers_.live({message.executor, message.member})) report_added(message.executor, turn);
  scheduler_.worker_added(*workers_.find({message.executor, message.member}), turn);
  copies_.fill_all(turn);
  settle(turn);
}

void Driver::on(const protocol::ExecutorDecommissioned& message, const Address&, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  if (!workers_.decommission(message.executor, now_)) {
    ++late_;
    return;
  }
  log_.info(component, "Executor {} is leaving: {}", message.executor, message.reason);
  leaving_.emplace(message.executor, now_);
  for (const auto& [key, worker] : workers_.workers()) {
    if (key.executor == message.executor) scheduler_.worker_leaves(worker, turn);
  }
  dag_.executor_removed(turn);
  settle(turn);
}

/// Executors that are leaving go when their tasks have ended, or when their time is over.
void Driver::release_leaving(Turn& turn) {
  std::erase_if(leaving_, [&](const auto& entry) {
    const auto& [executor, since] = entry;
    const base::Duration limit = options_.decommission.force_kill;
    const bool over = limit.count() > 0 && turn.now - since >= limit;
    bool busy = false;
    for (const auto& [key, worker] : workers_.workers()) {
      if (key.executor == executor) busy |= !worker.running.empty();
    }
    if (busy && !over) return false;
    for (const auto& [key, worker] : workers_.workers()) {
      if (key.executor != executor) continue;
      if (over) {
        turn.outbox.send(
            protocol::at_rank(protocol::Role::node_manager, worker.address.rank),
            protocol::ContainerStopRequested{worker.address.container, protocol::exit_stopped_by_am,
                                             "it was decommissioned and its time is over"});
      } else {
        turn.outbox.send(worker.address,
                         protocol::ExecutorStopRequested{"it was decommissioned and is idle"});
      }
    }
    return true;
  });
}

void Driver::on(const protocol::ExecutorHeartbeat& message, const Address&, Outbox&) {
  if (!accepts()) return;
  const WorkerKey key{message.executor, message.member};
  if (workers_.find(key) == nullptr) {
    ++late_;
    return;
  }
  workers_.seen(key, now_);
}

void Driver::on(const protocol::ExecutorLost& message, const Address&, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  lose_executor(message.executor, message.caused_by_application, message.reason, turn);
  settle(turn);
}

void Driver::lose_executor(base::ExecutorId executor, bool caused_by_application,
                           const std::string& reason, Turn& turn) {
  if (workers_.was_lost(executor)) {
    ++late_;
    return;
  }
  leaving_.erase(executor);
  const std::vector<Worker> removed = workers_.remove(executor);
  if (!removed.empty() && removed.front().leaving) caused_by_application = false;
  const std::string host = removed.empty() ? "" : removed.front().host;
  log_.warn(component, "Lost executor {}{}{}: {}", executor, host.empty() ? "" : " on ", host,
            reason);
  statistics_.executor_lost({executor, host, reason});
  report_removed(executor, removed, reason, turn);
  lose_blocks(executor, removed, turn);
  scheduler_.workers_removed(removed, caused_by_application, reason, turn);
  dag_.executor_removed(turn);
}

/// Readers that wait for its cached partitions are told, and copies made of what is left. A reader
/// may wait for one that is forgotten here: its RDD was unpersisted, or it had to make way.
void Driver::lose_blocks(base::ExecutorId executor, const std::vector<Worker>& removed,
                         Turn& turn) {
  const bool has_readers = blocks_.ever_held(executor);
  const std::vector<protocol::BlockId> lost = blocks_.remove_executor(executor);
  for (const Worker& gone : removed) {
    if (!has_readers) break;
    for (const auto& [key, worker] : workers_.workers()) {
      turn.outbox.send(worker.address, protocol::BlockHolderLost{gone.address});
    }
  }
  copies_.executor_lost(executor, lost, turn);
}

void Driver::on(const protocol::BlockCopied& message, const Address&, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  copies_.on(message, turn);
}

void Driver::on(const protocol::RankDataLost& message, const Address&, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  log_.warn(component, "{}", message.reason);
  // Tasks of its node may be waiting for its answer.
  for (const auto& [key, worker] : workers_.workers()) {
    turn.outbox.send(worker.address, protocol::HolderLost{message.rank});
  }
  dag_.rank_lost(message.rank, turn);
  settle(turn);
}

void Driver::on(protocol::TaskFinished message, const Address& from, Outbox& outbox) {
  Turn turn{now_, outbox};
  if (!accepts()) return;
  scheduler_.on(std::move(message), from, turn);
  settle(turn);
}

void Driver::on(const protocol::CommitRequested& message, const Address& from, Outbox& outbox) {
  Turn turn{now_, outbox};
  if (!accepts()) {
    outbox.send(from, protocol::CommitAnswered{message.attempt.task, false});
    return;
  }
  scheduler_.on(message, from, turn);
}

void Driver::on(const protocol::BarrierReached& message, const Address& from, Outbox& outbox) {
  if (!accepts()) return;  // its executor ends
  Turn turn{now_, outbox};
  scheduler_.on(message, from, turn);
}

void Driver::on(const protocol::DrainRequested& message, const Address&, Outbox& outbox) {
  if (!accepts() || !drain_reason_.empty()) return;
  drain_reason_ = message.reason.empty() ? "asked for" : message.reason;
  drain_grace_ = message.grace;
  drain_until_ = {};
  log_.warn(component, "Draining ({}): no new jobs; {} running, which may take {}", drain_reason_,
            dag_.jobs(), base::format_duration(message.grace));
  outbox.send(options_.program, protocol::DrainBegun{drain_reason_});
}

void Driver::end_drain(Turn& turn) {
  if (drain_reason_.empty()) return;
  if (drain_until_ == base::TimePoint{}) drain_until_ = turn.now + drain_grace_;
  if (turn.now < drain_until_) return;
  dag_.fail_all_jobs(fmt::format("the run is being drained ({})", drain_reason_), turn);
}

void Driver::on(const protocol::TaskAttemptKillRequested& message, const Address& from,
                Outbox& outbox) {
  Turn turn{now_, outbox};
  const bool found = accepts() && scheduler_.kill_attempt(message.task, message.reason, turn);
  outbox.send(from, protocol::TaskAttemptKillAnswered{message.request, found});
}

void Driver::on(const protocol::EventsRequested& message, const Address&, Outbox&) {
  if (accepts()) events_.want(message.wanted);
}

void Driver::report_added(base::ExecutorId executor, Turn& turn) const {
  if (!events_.wanted()) return;
  protocol::ExecutorAdded added{executor, events_.wall(turn.now), {}, 0};
  const auto& all = workers_.workers();
  for (auto at = all.lower_bound({executor, 0}); at != all.end() && at->first.executor == executor;
       ++at) {
    if (added.host.empty()) added.host = at->second.host;
    added.slots += at->second.slots;
  }
  events_.tell(std::move(added), turn);
}

/// Nothing of one that had not come completely: nobody has heard of it.
void Driver::report_removed(base::ExecutorId executor, const std::vector<Worker>& removed,
                            const std::string& reason, Turn& turn) const {
  if (removed.empty() || removed.size() < removed.front().members) return;
  events_.tell(
      protocol::ExecutorRemoved{executor, events_.wall(turn.now), removed.front().host, reason},
      turn);
}

void Driver::on(const protocol::ShuffleSizes& message, const Address& from, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  planner_.on(message, from, turn);
  settle(turn);
}

void Driver::on(const protocol::ExchangeFinished& message, const Address& from, Outbox& outbox) {
  if (!accepts()) return;
  Turn turn{now_, outbox};
  planner_.on(message, from, turn);
  settle(turn);
}

void Driver::on(const protocol::Message& message, const Address& from, Outbox& outbox) {
  const auto* mine = std::get_if<protocol::DriverMessage>(&message);
  if (mine == nullptr) {
    ++late_;
    return;
  }
  protocol::deliver(*this, *mine, from, outbox);
}

void Driver::tick(base::TimePoint now, Outbox& outbox) {
  now_ = now;
  if (state_ == State::stopped) return;
  if (!std::exchange(ticked_, true)) startup_.set_start(now);
  const bool asleep = base::slept(std::exchange(last_tick_, now), now, options_.network_timeout);
  if (asleep) workers_.all_seen(now);
  Turn turn{now_, outbox};
  check_heartbeats(turn);
  check_expected(turn);
  dag_.tick(turn);
  end_drain(turn);
  settle(turn);
  release_leaving(turn);
  check_starvation(turn);
  adapt_executors(turn);
  report_progress(turn);
}

void Driver::check_heartbeats(Turn& turn) {
  std::vector<WorkerKey> silent;
  for (const auto& [key, worker] : workers_.workers()) {
    if (turn.now - worker.last_seen >= options_.network_timeout) silent.push_back(key);
  }
  for (const WorkerKey& key : silent) {
    if (workers_.was_lost(key.executor)) continue;  // another member of it was silent, too
    const std::string reason =
        fmt::format("Executor heartbeat timed out after {} (volley.network.timeout)",
                    base::format_duration(options_.network_timeout));
    for (const auto& [other, worker] : workers_.workers()) {
      if (other.executor != key.executor) continue;
      // Not to the executor: one that is stopped or stuck would keep its container for ever.
      turn.outbox.send(protocol::at_rank(protocol::Role::node_manager, worker.address.rank),
                       protocol::ContainerStopRequested{worker.address.container,
                                                        protocol::exit_silent, reason});
    }
    lose_executor(key.executor, true, reason, turn);
  }
}

/// An executor that hangs before it has registered would never be missed.
void Driver::check_expected(Turn& turn) {
  for (const protocol::ExecutorLaunched& late :
       workers_.overdue(turn.now - options_.network_timeout)) {
    const std::string reason =
        fmt::format("Executor did not register within {} (volley.network.timeout)",
                    base::format_duration(options_.network_timeout));
    for (const base::Rank rank : late.ranks) {
      turn.outbox.send(
          protocol::at_rank(protocol::Role::node_manager, rank),
          protocol::ContainerStopRequested{late.container, protocol::exit_silent, reason});
    }
    lose_executor(late.executor, false, reason, turn);
  }
}

void Driver::check_starvation(Turn& turn) {
  const bool starving = workers_.complete_executors() == 0 && dag_.jobs() > 0;
  if (starving && !starving_) {
    starving_since_ = turn.now;
    next_warning_ = turn.now + options_.starvation_wait;
  }
  starving_ = starving;
  if (!starving || turn.now < next_warning_) return;
  next_warning_ = turn.now + options_.starvation_repeat;
  log_.warn("TaskScheduler",
            "Initial job has not accepted any resources: no executor for {}; the "
            "ApplicationMaster's lines above say what it waits for",
            base::format_duration(turn.now - starving_since_));
}

void Driver::report_progress(Turn& turn) {
  const auto fraction = static_cast<float>(progress().fraction);
  const bool moved = std::fabs(fraction - reported_progress_) >= progress_step;
  std::string stages = statistics_.running();
  if (!moved && turn.now < next_report_ && stages == reported_stages_) return;
  next_report_ = turn.now + options_.heartbeat_interval;
  reported_progress_ = fraction;
  reported_stages_ = stages;
  turn.outbox.send(options_.application_master,
                   protocol::DriverProgressed{fraction, std::move(stages)});
}

bool Driver::idle() const {
  return dag_.idle() && planner_.idle() && scheduler_.idle() && statistics_.idle();
}

std::uint64_t Driver::late_messages() const {
  return late_ + planner_.late_messages() + scheduler_.late_messages();
}

}  // namespace volley::driver
