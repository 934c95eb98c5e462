#include "program/task_context.hpp"

#include "exchange/checksum.hpp"
#include "program/modules.hpp"
#include "storage/scratch_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace volley::program {

base::Result<std::shared_ptr<const StagePlan>> StagePlan::make(
    std::shared_ptr<const protocol::StageBinary> binary) {
  auto plan = std::make_shared<StagePlan>();
  plan->binary_ = std::move(binary);
  for (const protocol::RddSpec& spec : plan->binary_->rdds) {
    const auto function = resolve(spec.compute.function);
    if (!function) return function.failure();
    plan->nodes_[spec.id] = {
        &spec, reinterpret_cast<ComputeFunction>(const_cast<void*>(function.value())), false, {}};
  }
  for (const base::RddId id : plan->binary_->persisted) {
    const auto found = plan->nodes_.find(id);
    if (found != plan->nodes_.end()) found->second.persisted = true;
  }
  for (const protocol::StoredRdd& stored : plan->binary_->stored) {
    const auto found = plan->nodes_.find(stored.rdd);
    if (found == plan->nodes_.end()) continue;
    const auto codec = resolve(stored.codec);
    if (!codec) return codec.failure();
    found->second.form = {stored.level, &reinterpret_cast<const BlockCodec& (*)()>(
                                            const_cast<void*>(codec.value()))()};
  }
  const auto task = resolve(plan->binary_->task.function);
  if (!task) return task.failure();
  plan->task_ = reinterpret_cast<TaskFunction>(const_cast<void*>(task.value()));
  return std::shared_ptr<const StagePlan>(std::move(plan));
}

const protocol::Bytes& TaskContext::payload(base::RddId rdd, std::uint32_t partition) const {
  for (const protocol::SourceInput& source : task_.sources) {
    if (source.rdd == rdd && source.partition == partition && source.payload)
      return *source.payload;
  }
  VOLLEY_CHECK(false, "partition {} of source RDD {} came without its payload", partition, rdd);
}

std::vector<protocol::Chunk> TaskContext::chunks(base::ShuffleNumber shuffle,
                                                 std::uint32_t partition) {
  const auto input = std::find_if(
      task_.shuffles.begin(), task_.shuffles.end(), [&](const protocol::ShuffleInput& candidate) {
        return candidate.shuffle == shuffle && candidate.partition == partition;
      });
  VOLLEY_CHECK(input != task_.shuffles.end(), "partition {} of shuffle {} is no input of this task",
               partition, shuffle);
  auto chunks = services_.list_chunks(*input);
  if (task_.part && task_.part->shuffle == shuffle) {
    std::erase_if(chunks, [&](const protocol::Chunk& chunk) {
      return chunk.map < task_.part->first_map || chunk.map >= task_.part->end_map;
    });
  }
  for (const protocol::Chunk& chunk : chunks) {
    metrics_.shuffle_bytes_read += chunk.bytes;
    metrics_.shuffle_records_read += chunk.records;
  }
  return chunks;
}

constinit thread_local TaskContext* TaskContext::current_ = nullptr;

const BroadcastCopy& TaskContext::find_broadcast(std::uint32_t number) {
  const auto found = std::find_if(broadcasts_.begin(), broadcasts_.end(),
                                  [&](const auto& one) { return one.first == number; });
  if (found != broadcasts_.end()) {
    std::swap(*found, broadcasts_.back());
  } else {
    broadcasts_.emplace_back(number, services_.broadcast(number, stop_));
  }
  return *broadcasts_.back().second;
}

void TaskContext::check_on_disk(const protocol::Chunk& chunk) {
  const storage::NodeArena& arena = services_.arena();
  const std::uint64_t found = exchange::checksum_of({arena.at(chunk.offset), chunk.bytes});
  if (found == chunk.checksum) return;
  const std::string where = fmt::format(
      "came back damaged from the scratch file {} (in volley.local.dir), offset {}: {} bytes with "
      "checksum {:016x} instead of {:016x}",
      storage::scratch_file_name(arena.disk_descriptor()),
      chunk.offset - arena.offset_of(arena.slabs()), chunk.bytes, found, chunk.checksum);
  for (const protocol::ShuffleInput& input : task_.shuffles) {
    if (input.partition != chunk.partition || input.holder == base::no_rank) continue;
    const auto chunks = services_.list_chunks(input);
    const bool of_this = std::any_of(chunks.begin(), chunks.end(), [&](const auto& listed) {
      return listed.offset == chunk.offset && listed.bytes == chunk.bytes;
    });
    if (!of_this) continue;
    throw FetchFailed(input,
                      fmt::format("shuffle {}: map output {}, partition {}, held by rank {}, {}",
                                  input.shuffle, chunk.map, chunk.partition, input.holder, where),
                      {chunk.map});
  }
  throw std::runtime_error("what this task had set aside on disk " + where);
}

std::vector<std::shared_ptr<const protocol::Bytes>> TaskContext::barrier(std::string operation,
                                                                         protocol::Bytes message) {
  check_stop();
  protocol::BarrierReached reached;
  reached.attempt = task_.attempt;
  reached.epoch = barriers_passed_++;
  reached.operation = std::move(operation);
  reached.message = std::move(message);
  auto passed = services_.wait_at_barrier(std::move(reached), stop_);
  if (!passed.error.empty()) throw std::runtime_error(passed.error);
  return std::move(passed.messages);
}

void TaskContext::on_views_expire(const void* owner, std::function<void()> flush) {
  flushes_.emplace_back(owner, std::move(flush));
}

void TaskContext::forget_views(const void* owner) {
  std::erase_if(flushes_, [owner](const auto& entry) { return entry.first == owner; });
}

void TaskContext::flush_views() {
  // The latest to register is the furthest upstream; what it flushes reaches the ones before it.
  for (auto entry = flushes_.rbegin(); entry != flushes_.rend(); ++entry) entry->second();
}

}  // namespace volley::program
