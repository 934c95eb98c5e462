#include "program/task_context.hpp"

#include "program/modules.hpp"

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
        &spec, reinterpret_cast<ComputeFunction>(const_cast<void*>(function.value())), false};
  }
  for (const base::RddId id : plan->binary_->persisted) {
    const auto found = plan->nodes_.find(id);
    if (found != plan->nodes_.end()) found->second.persisted = true;
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
  for (const protocol::Chunk& chunk : chunks) {
    metrics_.shuffle_bytes_read += chunk.bytes;
    metrics_.shuffle_records_read += chunk.records;
  }
  return chunks;
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
