#include "tests/sim/simulated_tasks.hpp"

#include "exchange/chunk_writer.hpp"
#include "storage/arena_owner.hpp"
#include "tests/sim/random_program.hpp"
#include "tests/sim/violation.hpp"

#include <algorithm>
#include <cstring>

namespace volley::sim {

using protocol::TaskOutcome;

namespace {

protocol::Bytes bytes_of(std::uint64_t value) {
  protocol::Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

}  // namespace

void SimulatedTasks::submit(worker::TaskJob job) {
  queue_.push_back(std::move(job));
  begin();
}

void SimulatedTasks::begin() {
  while (!queue_.empty() && bodies_.size() < options_.slots) {
    const base::TaskId task = queue_.front().launched.attempt.task;
    Body body;
    body.job = std::move(queue_.front());
    queue_.pop_front();
    const bool fresh = bodies_.emplace(task, std::move(body)).second;
    require(fresh, "task {} was launched twice", task);
    const base::Duration duration = random_.duration(options_.shortest, options_.longest);
    bodies_.at(task).duration = duration;
    options_.later(task, duration);
  }
}

void SimulatedTasks::due(base::TaskId task) {
  const auto found = bodies_.find(task);
  if (found != bodies_.end()) go_on(found->second);
}

void SimulatedTasks::go_on(Body& body) {
  if (body.job.stop->load()) return fail(body, TaskOutcome::killed, "the task was asked to stop");
  if (options_.exception_one_in != 0 && random_.one_in(options_.exception_one_in)) {
    return fail(body, TaskOutcome::exception, "SimulatedError: at random");
  }
  const protocol::StageBinary& binary = body.job.plan->binary();
  const auto value = compute(body, binary.final_rdd, body.job.launched.partition());
  if (value && waits_at_barrier(body)) return;
  if (value) return succeed(body, *value);
  if (!body.missing) return;  // an answer is on its way
  worker::TaskEnded ended;
  ended.finished.outcome = TaskOutcome::fetch_failed;
  ended.finished.missing = *body.missing;
  ended.finished.error = body.why;
  end(body, std::move(ended));
}

std::optional<std::uint64_t> SimulatedTasks::compute(Body& body, base::RddId id,
                                                     std::uint32_t partition) {
  const bool persisted = body.job.plan->persisted(id);
  if (persisted) {
    const auto block = blocks_.find({id, partition});
    if (block != blocks_.end()) return block->second;
    std::uint64_t there = 0;
    const Elsewhere elsewhere = look_elsewhere(body, {id, partition}, there);
    if (elsewhere == Elsewhere::asked) return std::nullopt;
    if (elsewhere == Elsewhere::found) return there;
  }
  const protocol::RddSpec& rdd = body.job.plan->rdd(id);
  const auto value = rdd.name == by_record_name
                         ? compute(body, rdd.dependencies.front().parent, partition)
                         : fold_inputs(body, rdd, partition);
  if (value && persisted) {
    blocks_[{id, partition}] = *value;
    body.cached.push_back({id, partition});
  }
  return value;
}

std::optional<std::uint64_t> SimulatedTasks::fold_inputs(Body& body, const protocol::RddSpec& rdd,
                                                         std::uint32_t partition) {
  ValueFold fold(rdd.id);
  if (rdd.dependencies.empty()) fold.add(payload(body, rdd.id, partition));
  const bool divisible = rdd.name == divisible_name;
  Reads first;
  for (const protocol::Dependency& dependency : rdd.dependencies) {
    for (const std::uint32_t parent : parents_of(dependency, partition)) {
      const auto value = compute(body, dependency.parent, parent);
      if (!value) return std::nullopt;
      fold.add(*value);
    }
    if (dependency.kind != protocol::DependencyKind::shuffle) continue;
    auto reads = read_shuffle(body, dependency, partition);
    if (!reads) return std::nullopt;
    if (divisible && &dependency == &rdd.dependencies.front()) {
      first = std::move(*reads);
      continue;
    }
    for (const auto& [map, value] : *reads) fold.add_shuffled(map, value);
  }
  if (!divisible) return fold.value();
  return sum_of_records(fold.value(), writes_sums(rdd.dependencies.front().writer), first);
}

std::uint64_t SimulatedTasks::payload(const Body& body, base::RddId rdd,
                                      std::uint32_t partition) const {
  for (const protocol::SourceInput& source : body.job.launched.sources) {
    if (source.rdd != rdd || source.partition != partition) continue;
    std::uint64_t value = 0;
    require(source.payload && source.payload->size() == sizeof value, "a payload is damaged");
    std::memcpy(&value, source.payload->data(), sizeof value);
    return value;
  }
  throw Violation(
      fmt::format("a task came without the payload of partition {} of RDD {}", partition, rdd));
}

/// Nothing when the chunks are not here: asked for now, on their way, or missing.
std::optional<Reads> SimulatedTasks::read_shuffle(Body& body,
                                                  const protocol::Dependency& dependency,
                                                  std::uint32_t partition) {
  const Read read{dependency.shuffle, partition};
  const auto& inputs = body.job.launched.shuffles;
  const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const auto& candidate) {
    return Read{candidate.shuffle, candidate.partition} == read;
  });
  require(input != inputs.end(), "partition {} of shuffle {} is no input of its task", partition,
          dependency.shuffle);
  const std::vector<protocol::Chunk>* chunks = list(body, *input);
  if (chunks == nullptr) return std::nullopt;
  const auto& part = body.job.launched.part;
  Reads reads;
  for (const protocol::Chunk& chunk : *chunks) {
    require(chunk.partition == partition && chunk.bytes >= sizeof(std::uint64_t),
            "a chunk of partition {} was listed for partition {}", chunk.partition, partition);
    const bool wanted = !part || part->shuffle != dependency.shuffle ||
                        (chunk.map >= part->first_map && chunk.map < part->end_map);
    if (!wanted) continue;
    std::uint64_t value = 0;
    std::memcpy(&value, options_.arena->at(chunk.offset), sizeof value);
    reads.emplace_back(chunk.map, value);
  }
  if (writes_sums(dependency.writer)) add_up(reads);
  return reads;
}

std::uint64_t SimulatedTasks::expect(const protocol::ShuffleInput& input) {
  requests_[next_request_] = {input, std::nullopt, std::nullopt};
  return next_request_++;
}

std::vector<protocol::TaskAttempt> SimulatedTasks::withdraw(
    const std::vector<base::TaskId>& tasks) {
  std::vector<protocol::TaskAttempt> taken;
  std::erase_if(queue_, [&](const worker::TaskJob& job) {
    const base::TaskId task = job.launched.attempt.task;
    if (std::find(tasks.begin(), tasks.end(), task) == tasks.end()) return false;
    taken.push_back(job.launched.attempt);
    forget_requests(job);
    return true;
  });
  return taken;
}

void SimulatedTasks::forget_requests(const worker::TaskJob& job) {
  for (const std::uint64_t request : job.expected) requests_.erase(request);
}

const std::vector<protocol::Chunk>* SimulatedTasks::list(Body& body,
                                                         const protocol::ShuffleInput& input) {
  if (input.holder == base::no_rank) {
    body.missing = input;
    body.why = "the cached block that was to stand in is gone";
    return nullptr;
  }
  const auto [asked, fresh] = body.asked.try_emplace({input.shuffle, input.partition}, 0);
  if (fresh) {
    const auto& expected = body.job.expected;
    const auto early = std::find_if(expected.begin(), expected.end(), [&](std::uint64_t request) {
      const protocol::ShuffleInput& of = requests_.at(request).input;
      return of.shuffle == input.shuffle && of.partition == input.partition;
    });
    asked->second = early != expected.end() ? *early : expect(input);
    requests_.at(asked->second).task = body.job.launched.attempt.task;
    if (early == expected.end()) {
      body.job.expected.push_back(asked->second);
      events_.emplace_back(worker::ChunksWanted{asked->second, input});
    }
  }
  const auto& answer = requests_.at(asked->second).answer;
  if (!answer) return nullptr;
  if (answer->found) {
    require(options_.same_node(input.holder), "a task reads on rank {} from another node's rank {}",
            options_.rank, input.holder);
    return &answer->chunks;
  }
  body.missing = input;
  body.why = fmt::format("rank {} does not have partition {} of shuffle {}", input.holder,
                         input.partition, input.shuffle);
  return nullptr;
}

void SimulatedTasks::answer(protocol::PartitionListed answer) {
  const auto request = requests_.find(answer.request);
  if (request == requests_.end()) return;  // the task is over
  require(!request->second.answer, "request {} was answered twice", answer.request);
  request->second.answer = std::move(answer);
  if (request->second.task) options_.later(*request->second.task, base::Duration{0});
}

void SimulatedTasks::answer_commit(base::TaskId task, bool allowed) {
  const auto found = bodies_.find(task);
  if (found == bodies_.end() || !found->second.to_commit) return;  // it has failed meanwhile
  Body& body = found->second;
  if (!allowed) return fail(body, TaskOutcome::commit_denied, "TaskCommitDenied");
  body.may_commit = true;
  succeed(body, *body.to_commit);
}

bool SimulatedTasks::waits_at_barrier(Body& body) {
  const worker::TaskJob& job = body.job;
  const protocol::RddSpec& rdd = job.plan->rdd(job.plan->binary().final_rdd);
  if (rdd.name != barrier_name || body.passed_barrier) return false;
  if (std::exchange(body.at_barrier, true)) return true;
  const protocol::TaskAttempt& attempt = job.launched.attempt;
  events_.emplace_back(worker::BarrierWanted{{attempt, 0, "barrier", bytes_of(attempt.partition)}});
  return true;
}

/// What each task brought is the number of its partition.
void SimulatedTasks::answer_barrier(protocol::BarrierPassed answer) {
  const auto found = bodies_.find(answer.task);
  if (found == bodies_.end()) return;  // it was asked to stop
  Body& body = found->second;
  require(body.at_barrier && !body.passed_barrier, "task {} passed a barrier twice", answer.task);
  if (!answer.error.empty()) return fail(body, TaskOutcome::exception, answer.error);
  const auto& plan = *body.job.plan;
  require(answer.messages.size() == plan.rdd(plan.binary().final_rdd).partitions,
          "a barrier let {} tasks pass", answer.messages.size());
  for (std::size_t i = 0; i < answer.messages.size(); ++i) {
    require(*answer.messages[i] == bytes_of(i), "task {} brought something else to a barrier", i);
  }
  body.passed_barrier = true;
  options_.later(answer.task, base::Duration{0});
}

void SimulatedTasks::wake(base::TaskId task) {
  const auto found = bodies_.find(task);
  if (found == bodies_.end() || !found->second.at_barrier) return;
  options_.later(task, base::Duration{0});
}

/// Every second job saves what it computes.
bool SimulatedTasks::asks_to_commit(Body& body, std::uint64_t value) {
  const protocol::StageBinary& binary = body.job.plan->binary();
  if (body.may_commit || binary.writes_shuffle) return false;
  if (body.to_commit) return true;
  std::uint32_t job = 0;
  std::memcpy(&job, binary.task.captures.data(), sizeof job);
  if (job % 2 == 0) return false;
  body.to_commit = value;
  events_.emplace_back(worker::CommitWanted{body.job.launched.attempt});
  return true;
}

void SimulatedTasks::succeed(Body& body, std::uint64_t value) {
  if (asks_to_commit(body, value)) return;
  const protocol::StageBinary& binary = body.job.plan->binary();
  const protocol::TaskAttempt& attempt = body.job.launched.attempt;
  worker::TaskEnded ended;
  protocol::TaskFinished& finished = ended.finished;
  finished.outcome = TaskOutcome::success;
  finished.cached = body.cached;
  std::uint32_t accumulator = binary.shuffle % shuffles_per_attempt;
  if (binary.writes_shuffle) {
    const auto owner = storage::container_owner(options_.rank, options_.container);
    exchange::ChunkWriter writer(*options_.arena, owner, binary.reducers,
                                 exchange::ChunkWriter::default_working_set,
                                 exchange::Checksums::on);
    const bool sums = writes_sums(binary.task);
    for (std::uint32_t reducer = 0; reducer < binary.reducers; ++reducer) {
      const auto written = written_value(binary.shuffle, sums, reducer, value);
      if (!written) continue;
      // One reduce partition is much larger than the others.
      const std::size_t bytes = sizeof *written * (reducer == binary.shuffle % 3 ? 20 : 1);
      std::byte* const to = writer.reserve(reducer, bytes);
      std::memset(to, 0, bytes);
      std::memcpy(to, &*written, sizeof *written);
      writer.commit(reducer, bytes);
    }
    auto output = writer.finish();
    ended.map_output = std::make_unique<protocol::MapOutputWritten>();
    ended.map_output->attempt = attempt;
    ended.map_output->reducers = binary.reducers;
    ended.map_output->chunks = std::move(output.chunks);
    ended.map_output->slabs = std::move(output.slabs);
  } else {
    finished.result = bytes_of(value);
    std::memcpy(&accumulator, binary.task.captures.data(), sizeof accumulator);
    accumulator += result_accumulators;
  }
  finished.accumulators.push_back({accumulator, bytes_of(attempt.partition)});
  finished.metrics.run_nanoseconds = body.duration.count();
  end(body, std::move(ended));
}

void SimulatedTasks::fail(Body& body, TaskOutcome outcome, std::string why) {
  worker::TaskEnded ended;
  ended.finished.outcome = outcome;
  ended.finished.error = std::move(why);
  end(body, std::move(ended));
}

void SimulatedTasks::end(Body& body, worker::TaskEnded ended) {
  ended.finished.attempt = body.job.launched.attempt;
  forget_requests(body.job);
  for (const auto& [block, request] : body.elsewhere) block_requests_.erase(request);
  bodies_.erase(ended.finished.attempt.task);
  events_.emplace_back(std::move(ended));
  begin();
}

std::optional<worker::TaskEvent> SimulatedTasks::next_event() {
  if (events_.empty()) return std::nullopt;
  worker::TaskEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void SimulatedTasks::remove_blocks(base::RddId rdd) {
  std::erase_if(blocks_, [&](const auto& entry) { return entry.first.first == rdd; });
}

}  // namespace volley::sim
