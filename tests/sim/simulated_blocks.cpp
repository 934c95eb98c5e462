// Cached blocks between simulated executors: a block is one value, and one part.

#include "tests/sim/simulated_tasks.hpp"
#include "tests/sim/violation.hpp"

#include <algorithm>
#include <cstring>

namespace volley::sim {

protocol::BlockPartSent SimulatedTasks::block_part(const protocol::BlockPartRequested& wanted) {
  protocol::BlockPartSent part;
  part.request = wanted.request;
  const auto block = blocks_.find({wanted.block.rdd, wanted.block.partition});
  if (block == blocks_.end()) return part;
  part.found = part.last = true;
  part.bytes.resize(sizeof block->second);
  std::memcpy(part.bytes.data(), &block->second, sizeof block->second);
  return part;
}

void SimulatedTasks::answer_block(protocol::BlockPartSent answer) {
  const auto request = block_requests_.find(answer.request);
  if (request == block_requests_.end()) return;  // the task is over
  require(!request->second.answer, "block request {} was answered twice", answer.request);
  request->second.answer = std::move(answer);
  options_.later(request->second.task, base::Duration{0});
}

bool SimulatedTasks::add_to_copy(const protocol::BlockCopyRequested& copy,
                                 protocol::BlockPartSent part) {
  std::uint64_t value = 0;
  require(part.bytes.size() == sizeof value, "a block of {} bytes", part.bytes.size());
  std::memcpy(&value, part.bytes.data(), sizeof value);
  blocks_[{copy.from.block.rdd, copy.from.block.partition}] = value;
  return true;
}

SimulatedTasks::Elsewhere SimulatedTasks::look_elsewhere(Body& body, const Block& block,
                                                         std::uint64_t& value) {
  const auto& inputs = body.job.launched.blocks;
  const auto input = std::find_if(inputs.begin(), inputs.end(), [&](const auto& candidate) {
    return Block{candidate.block.rdd, candidate.block.partition} == block;
  });
  if (input == inputs.end()) return Elsewhere::nowhere;
  const auto [asked, fresh] = body.elsewhere.try_emplace(block, next_request_);
  if (fresh) {
    block_requests_[next_request_] = {body.job.launched.attempt.task, std::nullopt};
    events_.emplace_back(
        worker::BlockWanted{input->holder, {input->block, next_request_, 0, false}});
    ++next_request_;
  }
  const auto& answer = block_requests_.at(asked->second).answer;
  if (!answer) return Elsewhere::asked;
  if (!answer->found) return Elsewhere::nowhere;
  std::memcpy(&value, answer->bytes.data(), sizeof value);
  return Elsewhere::found;
}

}  // namespace volley::sim
