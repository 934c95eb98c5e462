#include "tests/sim/simulated_program.hpp"

#include "tests/sim/violation.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace volley::sim {

using protocol::DriverMessage;

namespace {

std::uint64_t number_in(const protocol::Bytes& bytes) {
  std::uint64_t value = 0;
  require(bytes.size() == sizeof value, "a value of {} bytes", bytes.size());
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

std::vector<DriverMessage> SimulatedProgram::on(const protocol::ProgramMessage& message) {
  if (const auto* ready = std::get_if<protocol::ExecutorsReady>(&message)) {
    require(state_ == State::starting, "executors became ready twice");
    state_ = State::running;
    if (linger_.count() > 0) outgoing_.emplace_back(protocol::EventsRequested{true});
    if (!ready->error.empty()) {
      finish(ready->error);
    } else {
      next_round();
    }
  } else if (const auto* result = std::get_if<protocol::TaskResultReady>(&message)) {
    on_result(*result);
  } else if (const auto* end = std::get_if<protocol::JobEnded>(&message)) {
    on_end(*end);
  } else if (const auto* updates = std::get_if<protocol::AccumulatorsUpdated>(&message)) {
    on_updates(*updates);
  } else if (const auto* happened = std::get_if<protocol::EventHappened>(&message)) {
    events_.enter(*happened->event);
  }
  return std::exchange(outgoing_, {});
}

void SimulatedProgram::next_round() {
  if (round_ == plan_.rounds().size()) {
    for (const base::ShuffleNumber shuffle : plan_.shuffles()) {
      outgoing_.emplace_back(protocol::ShuffleForgotten{shuffle});
    }
    state_ = State::lingering;
    return;
  }
  const RandomProgram::Round& round = plan_.rounds()[round_++];
  for (const protocol::JobSubmitted& submitted : round.jobs) {
    Job& job = jobs_[submitted.job];
    job.rdd = submitted.final_rdd;
    job.partitions = submitted.partitions;
    job.arrived.assign(job.partitions.size(), false);
    job.counted.assign(job.partitions.size(), false);
    ++open_;
    outgoing_.emplace_back(submitted);
  }
  if (round.cancelled) {
    jobs_.at(*round.cancelled).cancelled = true;
    outgoing_.emplace_back(protocol::JobCancelRequested{*round.cancelled, "at random"});
  }
  if (round.cancelled_group.empty()) return;
  for (const protocol::JobSubmitted& submitted : round.jobs) {
    if (submitted.group == round.cancelled_group) jobs_.at(submitted.job).cancelled = true;
  }
  if (round_ % 2 == 0) {
    outgoing_.emplace_back(protocol::JobGroupCancelRequested{round.cancelled_group, "", false});
  } else {
    outgoing_.emplace_back(protocol::TaggedJobsCancelRequested{round.cancelled_group, ""});
  }
}

void SimulatedProgram::on_result(const protocol::TaskResultReady& message) {
  const auto found = jobs_.find(message.job);
  require(found != jobs_.end() && !found->second.ended, "a result of job {}, which is not running",
          message.job);
  Job& job = found->second;
  require(message.index < job.arrived.size(), "result {} of job {}", message.index, message.job);
  require(!job.arrived[message.index], "result {} of job {} came twice", message.index,
          message.job);
  job.arrived[message.index] = true;
  ++results_;
  const std::uint32_t partition = job.partitions[message.index];
  require(number_in(message.result) == plan_.expected(job.rdd, partition),
          "partition {} of RDD {} has a wrong value in job {}", partition, job.rdd, message.job);
}

void SimulatedProgram::on_updates(const protocol::AccumulatorsUpdated& message) {
  for (const protocol::AccumulatorUpdate& update : message.updates) {
    const std::uint64_t partition = number_in(update.value);
    if (update.accumulator < result_accumulators) {
      require(map_updates_.emplace(update.accumulator, partition).second,
              "map task {} of shuffle {} was counted twice", partition, update.accumulator);
      continue;
    }
    Job& job = jobs_.at(update.accumulator - result_accumulators);
    // Jobs are on the first partitions of an RDD: index and partition are the same.
    require(partition < job.counted.size(), "an update of a partition that is not in its job");
    require(!job.counted[partition], "partition {} of a job was counted twice", partition);
    job.counted[partition] = true;
  }
}

void SimulatedProgram::on_end(const protocol::JobEnded& message) {
  const auto found = jobs_.find(message.job);
  require(found != jobs_.end() && !found->second.ended, "job {} ended twice", message.job);
  Job& job = found->second;
  job.ended = true;
  --open_;
  const auto all = [](const std::vector<bool>& flags) {
    return std::find(flags.begin(), flags.end(), false) == flags.end();
  };
  if (message.succeeded) {
    require(all(job.arrived) && all(job.counted), "job {} succeeded without all results",
            message.job);
  } else if (!job.cancelled) {
    return finish(message.error);
  }
  if (state_ != State::running || open_ > 0) return;
  for (const base::RddId rdd : plan_.rounds()[round_ - 1].unpersisted) {
    outgoing_.emplace_back(protocol::RddUnpersisted{rdd});
  }
  next_round();
}

std::vector<DriverMessage> SimulatedProgram::tick(base::TimePoint now, bool driver_idle) {
  const bool rests = std::exchange(was_idle_, driver_idle) && driver_idle;
  if (state_ == State::lingering) {
    if (rests) events_.check_closed();
    if (linger_until_ == base::TimePoint{}) linger_until_ = now + linger_;
    if (now >= linger_until_ && (driver_idle || linger_.count() == 0)) finish({});
  }
  return std::exchange(outgoing_, {});
}

void SimulatedProgram::finish(std::string error) {
  if (state_ == State::finished) return;
  state_ = State::finished;
  error_ = std::move(error);
  protocol::ProgramFinished finished;
  finished.exit_code = error_.empty() ? 0 : 1;
  finished.error = error_;
  outgoing_.emplace_back(std::move(finished));
}

}  // namespace volley::sim
