#pragma once
// LoneTask: a task without a cluster, whose shuffle inputs are chunks of an arena of its own.

#include "program/task_context.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace volley::detail {

class LoneTask : public program::TaskServices {
 public:
  static constexpr storage::NodeArena::Owner mine = 1;

  explicit LoneTask(storage::NodeArena::Options arena, std::uint64_t memory = UINT64_MAX)
      : arena_(std::move(storage::NodeArena::create(std::move(arena))).value()), memory_(memory) {}

  program::TaskContext context() { return {*this, nullptr, task_, stop_}; }

  std::vector<protocol::Chunk> list_chunks(const protocol::ShuffleInput&) override {
    return chunks_;
  }
  storage::NodeArena& arena() override { return arena_; }
  storage::NodeArena::Owner arena_owner() const override { return mine; }
  std::uint64_t task_memory() const override { return memory_; }
  program::BlockStore& blocks() override { return blocks_; }
  const std::vector<std::pair<std::string, std::string>>& configuration() const override {
    return configuration_;
  }

 protected:
  storage::NodeArena arena_;
  protocol::TaskLaunched task_;
  std::atomic<bool> stop_{false};
  std::vector<protocol::Chunk> chunks_;  ///< of any input

 private:
  std::uint64_t memory_;
  program::BlockStore blocks_;
  std::vector<std::pair<std::string, std::string>> configuration_;
};

}  // namespace volley::detail
