// The driver's part in dynamic allocation: it tells the ExecutorAllocation what there is to do and
// who does it, and the AM what came of it.

#include "driver/driver.hpp"

#include <algorithm>

namespace volley::driver {

namespace {
constexpr auto component = "ExecutorAllocationManager";
constexpr base::Duration adaptation_interval = std::chrono::milliseconds{100};
}  // namespace

protocol::ExecutorsRequested Driver::first_request(protocol::ExecutorsRequested request) const {
  if (!options_.allocation.enabled) return request;
  request.exact = true;
  request.count = allocation_.target();
  request.most = options_.allocation.maximum;
  return request;
}

ExecutorAllocation::Load Driver::load() const {
  ExecutorAllocation::Load load;
  for (const StageProgress& stage : progress().stages) {
    const std::uint32_t open = stage.total - std::min(stage.total, stage.done);
    load.running += stage.running;
    load.waiting += open - std::min(open, stage.running);
  }
  // What was launched ahead of the slots waits as well.
  std::uint64_t ahead = 0;
  for (const WorkerKey& key : workers_.backlogged()) {
    const Worker& worker = *workers_.find(key);
    ahead += worker.running.size() - worker.slots;
  }
  ahead = std::min(ahead, load.running);
  load.running -= ahead;
  load.waiting += ahead;
  // Between two attempts of a stage nothing may be counted, and still there is work.
  if (dag_.jobs() > 0 && load.running + load.waiting == 0) load.waiting = 1;
  load.unschedulable = scheduler_.needing_more_executors();
  return load;
}

std::vector<ExecutorAllocation::Use> Driver::uses() const {
  std::vector<ExecutorAllocation::Use> uses;
  for (const auto& [key, worker] : workers_.workers()) {
    if (!workers_.live(key)) continue;
    if (uses.empty() || uses.back().executor != key.executor) {
      uses.push_back({key.executor, false, {}});
    }
    uses.back().busy |= !worker.running.empty();
    uses.back().last_task = std::max(uses.back().last_task, worker.progressed);
  }
  return uses;
}

void Driver::adapt_executors(Turn& turn) {
  if (!options_.allocation.enabled || turn.now < next_adaptation_) return;
  next_adaptation_ = turn.now + adaptation_interval;
  const auto decision =
      allocation_.decide(turn.now, load(), uses(), [&] { return blocks_.holders(); });
  if (decision.target_changed) {
    log_.info(component, "{} executors wanted, {} before", allocation_.target(), request_.count);
    request_.count = allocation_.target();
    turn.outbox.send(options_.application_master, request_);
  }
  if (!decision.release.empty()) release(decision.release, turn);
}

/// Their map outputs stay: they belong to the shuffle services of the ranks.
void Driver::release(const std::vector<base::ExecutorId>& executors, Turn& turn) {
  const std::set<base::ExecutorId> holders = blocks_.holders();
  bool held_blocks = false;
  for (const base::ExecutorId executor : executors) {
    log_.info(component, "executor {} is idle and is released", executor);
    held_blocks |= holders.contains(executor);
    const std::vector<Worker> removed = workers_.remove(executor);
    const std::string reason = "it was idle and is released";
    report_removed(executor, removed, reason, turn);
    lose_blocks(executor, removed, turn);
    scheduler_.workers_removed(removed, false, reason, turn);
  }
  if (held_blocks) dag_.executor_removed(turn);
  turn.outbox.send(options_.application_master, protocol::ExecutorsReleased{executors});
  settle(turn);
}

}  // namespace volley::driver
