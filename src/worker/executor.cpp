#include "worker/executor.hpp"

#include <fmt/format.h>

namespace volley::worker {

using protocol::Address;
using protocol::Outbox;
using protocol::Role;

void Executor::start(Outbox& out) { out.send(options_.driver, options_.registration); }

void Executor::tick(base::TimePoint now, Outbox& out) {
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + options_.heartbeat_interval;
  protocol::ExecutorHeartbeat heartbeat;
  heartbeat.executor = options_.registration.executor;
  heartbeat.member = options_.registration.member;
  for (const auto& [task, running] : running_) heartbeat.running.push_back(task);
  out.send(options_.driver, std::move(heartbeat));
}

bool Executor::pump_tasks(Outbox& out) {
  bool any = false;
  while (auto event = pool_.next_event()) {
    any = true;
    if (auto* ended = std::get_if<TaskEnded>(&*event)) {
      finish(std::move(*ended), out);
    } else if (const auto* commit = std::get_if<CommitWanted>(&*event)) {
      out.send(options_.driver, protocol::CommitRequested{commit->attempt});
    } else if (const auto* block = std::get_if<BlockWanted>(&*event)) {
      ask_for_block(block->holder, block->part, out);
    } else if (auto* barrier = std::get_if<BarrierWanted>(&*event)) {
      out.send(options_.driver, std::move(barrier->reached));
    } else if (const auto* broadcast = std::get_if<BroadcastAsked>(&*event)) {
      ask_for_broadcast(broadcast->number, out.self().rank, out);
    } else if (const auto* gone = std::get_if<BroadcastLetGo>(&*event)) {
      out.send(protocol::at_rank(Role::shuffle_service, gone->holder),
               protocol::BroadcastReleased{{options_.application, options_.attempt, gone->number}});
    } else {
      const auto& wanted = std::get<ChunksWanted>(*event);
      ask_for_chunks(wanted.input, wanted.request, out);
    }
  }
  return any;
}

void Executor::ask_for_chunks(const protocol::ShuffleInput& input, std::uint64_t request,
                              Outbox& out) {
  if (lost_holders_.contains(input.holder)) {
    pool_.answer({request, false, {}});
    return;
  }
  asked_.emplace(request, input.holder);
  const base::ShuffleId shuffle{options_.application, input.shuffle};
  out.send(protocol::at_rank(Role::shuffle_service, input.holder),
           protocol::PartitionRequested{shuffle, input.partition, request});
}

void Executor::ask_for_broadcast(std::uint32_t number, base::Rank where, Outbox& out) {
  asked_broadcasts_[number] = where;
  out.send(protocol::at_rank(Role::shuffle_service, where),
           protocol::BroadcastWanted{{options_.application, options_.attempt, number},
                                     options_.driver.rank});
}

void Executor::finish(TaskEnded&& ended, Outbox& out) {
  const auto running = running_.find(ended.finished.attempt.task);
  VOLLEY_CHECK(running != running_.end(), "task {} ended but was not running",
               ended.finished.attempt.task);
  if (ended.map_output) {
    ended.map_output->shuffle = {options_.application, running->second.shuffle};
    out.send(protocol::at_rank(Role::shuffle_service, out.self().rank),
             std::move(*ended.map_output));
  }
  running_.erase(running);
  for (const protocol::BlockId& block : ended.finished.cached) {
    log_.debug("BlockStore", "keeps partition {} of RDD {}", block.partition, block.rdd);
  }
  for (const protocol::BlockId& block : ended.finished.evicted) {
    log_.debug("BlockStore", "partition {} of RDD {} made way", block.partition, block.rdd);
  }
  out.send(options_.driver, std::move(ended.finished));
}

void Executor::refuse(const protocol::TaskAttempt& attempt, std::string why, Outbox& out) {
  protocol::TaskFinished finished;
  finished.attempt = attempt;
  finished.outcome = protocol::TaskOutcome::exception;
  finished.error = std::move(why);
  out.send(options_.driver, std::move(finished));
}

void Executor::on(const protocol::ExecutorAccepted& message, const Address&, Outbox&) {
  options_.heartbeat_interval = message.heartbeat_interval;
  next_heartbeat_ = {};  // the one planned before may come after the driver's patience has ended
}

void Executor::on(const protocol::StageDefined& message, const Address&, Outbox&) {
  auto plan = program::StagePlan::make(message.binary);
  Stage& stage = stages_[{message.stage, message.stage_attempt}];
  if (plan) {
    stage.plan = std::move(plan).value();
  } else {
    stage.error = plan.error();
  }
}

void Executor::on(const protocol::StageForgotten& message, const Address&, Outbox&) {
  stages_.erase({message.stage, message.stage_attempt});
}

void Executor::on(const protocol::TaskLaunched& message, const Address&, Outbox& out) {
  const auto stage = stages_.find({message.attempt.stage, message.attempt.stage_attempt});
  if (stage == stages_.end()) {
    refuse(message.attempt, "the executor does not know the task's stage", out);
    return;
  }
  if (!stage->second.plan) {
    refuse(message.attempt, stage->second.error, out);
    return;
  }
  auto stop = std::make_shared<std::atomic<bool>>(false);
  running_[message.attempt.task] = {stop, stage->second.plan->binary().shuffle};
  TaskJob job{stage->second.plan, message, std::move(stop)};
  // A cached block may stand in for the inputs of a task; of others they are all read.
  if (stage->second.plan->binary().persisted.empty()) {
    for (const protocol::ShuffleInput& input : message.shuffles) {
      if (input.holder == base::no_rank) continue;
      job.expected.push_back(pool_.expect(input));
      ask_for_chunks(input, job.expected.back(), out);
    }
  }
  pool_.submit(std::move(job));
}

void Executor::on(const protocol::TasksReturnRequested& message, const Address&, Outbox& out) {
  for (const protocol::TaskAttempt& attempt : pool_.withdraw(message.tasks)) {
    running_.erase(attempt.task);
    protocol::TaskFinished finished;
    finished.attempt = attempt;
    finished.outcome = protocol::TaskOutcome::returned;
    out.send(options_.driver, std::move(finished));
  }
}

void Executor::on(const protocol::TaskKillRequested& message, const Address&, Outbox&) {
  const auto running = running_.find(message.task);
  if (running == running_.end()) return;
  running->second.stop->store(true, std::memory_order_relaxed);
  pool_.wake(message.task);
}

void Executor::on(const protocol::BlocksRemoved& message, const Address&, Outbox&) {
  pool_.remove_blocks(message.rdd);
  std::erase_if(copies_, [&](const auto& copy) {
    const protocol::BlockId& block = copy.second.from.block;
    if (block.rdd != message.rdd) return false;
    pool_.drop_copy(block);
    blocks_asked_.erase(copy.first);
    return true;
  });
}

void Executor::on(const protocol::ExecutorStopRequested& message, const Address&, Outbox&) {
  log_.debug("Executor", "stopping: {}", message.reason);
  stopped_ = true;
}

void Executor::on(const protocol::CommitAnswered& message, const Address&, Outbox&) {
  pool_.answer_commit(message.task, message.allowed);
}

void Executor::on(const protocol::BarrierPassed& message, const Address&, Outbox&) {
  pool_.answer_barrier(message);
}

void Executor::on(const protocol::PartitionListed& message, const Address&, Outbox&) {
  // An answer for what was given up comes too late.
  if (asked_.erase(message.request) != 0) pool_.answer(message);
}

void Executor::on(const protocol::BroadcastLocated& message, const Address& from, Outbox& out) {
  const std::uint32_t number = message.broadcast.number;
  if (message.ask != base::no_rank) {
    ask_for_broadcast(number, message.ask, out);
    return;
  }
  asked_broadcasts_.erase(number);
  pool_.answer_broadcast(message, from.rank);
}

void Executor::on(const protocol::BroadcastReleaseRequested& message, const Address&, Outbox&) {
  pool_.release_broadcast(message.broadcast.number);
}

void Executor::on(const protocol::HolderLost& message, const Address&, Outbox& out) {
  lost_holders_.insert(message.rank);
  for (const auto& [number, asked] : std::map(asked_broadcasts_)) {
    if (asked == message.rank) ask_for_broadcast(number, out.self().rank, out);
  }
  for (auto at = asked_.begin(); at != asked_.end();) {
    if (at->second != message.rank) {
      ++at;
      continue;
    }
    pool_.answer({at->first, false, {}});
    at = asked_.erase(at);
  }
}

}  // namespace volley::worker
