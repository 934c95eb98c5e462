#pragma once
// SingleStage: runs jobs of one stage in the calling thread, without roles or messages, to test and
// to measure what typed chains compile to.

#include "program/context_core.hpp"
#include "program/driver_side.hpp"
#include "program/task_context.hpp"

#include <volley/context.hpp>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace volley::test {

class SingleStage final : public program::TaskServices {
 public:
  /// `memory`: for cached blocks and tables; `disk`: the most on the scratch disk.
  explicit SingleStage(std::uint64_t memory = storage::MemoryManager::unlimited,
                       std::uint64_t disk = 0,
                       const std::vector<std::pair<std::string, std::string>>& options = {})
      : arena_(
            std::move(storage::NodeArena::create(
                          {64U << 20U, 1U << 20U,
                           disk == 0 ? "" : std::filesystem::temp_directory_path().string(), disk}))
                .value()),
        memory_({memory, memory / 2, memory / 8}),
        core_(std::make_shared<program::ContextCore>(
            base::ApplicationId{1, 1}, config::Configuration::from_pairs(options),
            [this](protocol::DriverMessage message) { take(std::move(message)); })),
        context_(core_) {
    memory_.set_make_room([this](std::uint64_t bytes) { blocks_.make_room(bytes); });
    core_->set_handle(program::note_context(core_));
    core_->broadcasts().set_memory(arena_, 1, 4096);
    core_->deliver(protocol::ExecutorsReady{1, 2, ""});
  }
  ~SingleStage() override { core_->stop("the test is over"); }

  Context& context() { return context_; }
  program::ContextCore& core() { return *core_; }
  std::size_t tasks() const { return tasks_; }
  std::size_t jobs() const { return jobs_; }
  /// Of all tasks: what they say about cached partitions.
  const protocol::TaskMetrics& metrics() const { return metrics_; }

  std::vector<protocol::Chunk> list_chunks(const protocol::ShuffleInput&) override { return {}; }
  std::shared_ptr<const program::BroadcastCopy> broadcast(std::uint32_t number,
                                                          const std::atomic<bool>&) override {
    return core_->broadcasts().copy(number);
  }
  storage::NodeArena& arena() override { return arena_; }
  storage::NodeArena::Owner arena_owner() const override { return 1; }
  storage::MemoryManager* memory() override { return &memory_; }
  program::BlockStore& blocks() override { return blocks_; }
  const std::vector<std::pair<std::string, std::string>>& configuration() const override {
    return configuration_;
  }

 private:
  void take(protocol::DriverMessage message) {
    if (auto* job = std::get_if<protocol::JobSubmitted>(&message)) run(*job);
    if (auto* gone = std::get_if<protocol::RddUnpersisted>(&message)) blocks_.remove(gone->rdd);
  }

  void run(const protocol::JobSubmitted& job) {
    ++jobs_;
    auto binary = std::make_shared<protocol::StageBinary>();
    for (const auto& spec : job.rdds) binary->rdds.push_back(*spec);
    binary->persisted = job.persisted;
    binary->stored = job.stored;
    binary->final_rdd = job.final_rdd;
    binary->task = job.action;
    const auto plan = program::StagePlan::make(binary).value();
    for (std::uint32_t index = 0; index < job.partitions.size(); ++index) {
      protocol::TaskLaunched task;
      task.attempt.partition = job.partitions[index];
      for (const auto& spec : job.rdds) {
        for (std::uint32_t i = 0; i < spec->payloads.size(); ++i) {
          task.sources.push_back({spec->id, i, spec->payloads[i]});
        }
      }
      const std::atomic<bool> stop{false};
      program::TaskContext task_context(*this, plan, task, stop);
      protocol::Bytes result;
      plan->task()(task_context, job.final_rdd, task.attempt.partition, job.action.captures,
                   result);
      ++tasks_;
      metrics_.cached_partitions += task_context.metrics().cached_partitions;
      metrics_.uncached_partitions += task_context.metrics().uncached_partitions;
      metrics_.cached_disk_bytes += task_context.metrics().cached_disk_bytes;
      core_->deliver(protocol::AccumulatorsUpdated{task_context.accumulators().take(false), 0});
      core_->deliver(protocol::TaskResultReady{job.job, index, std::move(result)});
    }
    core_->deliver(protocol::JobEnded{job.job, true, ""});
  }

  storage::NodeArena arena_;
  storage::MemoryManager memory_;
  storage::DiskPieces disk_{arena_, 1};
  program::BlockStore blocks_{&memory_, &disk_};
  protocol::TaskMetrics metrics_;
  std::vector<std::pair<std::string, std::string>> configuration_;
  std::size_t tasks_ = 0;
  std::size_t jobs_ = 0;
  std::shared_ptr<program::ContextCore> core_;
  Context context_;
};

}  // namespace volley::test
