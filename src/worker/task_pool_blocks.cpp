// The part of the task pool about cached partitions of other executors. Parts for others, and
// copies in the making, are the loop thread's; tasks wait here for the parts that they ask for.

#include "program/block_transfer.hpp"
#include "program/modules.hpp"
#include "worker/task_pool.hpp"

namespace volley::worker {

protocol::BlockPartSent TaskPool::block_part(const protocol::BlockPartRequested& wanted) {
  return program::read_part(blocks_, wanted);
}

void TaskPool::answer_block(protocol::BlockPartSent answer) {
  {
    const std::lock_guard lock(mutex_);
    const auto waiting = block_parts_.find(answer.request);
    if (waiting == block_parts_.end()) return;  // the task has given up
    waiting->second = std::move(answer);
  }
  changed_.notify_all();
}

protocol::BlockPartSent TaskPool::fetch_block_part(const protocol::Address& holder,
                                                   protocol::BlockPartRequested part,
                                                   const std::atomic<bool>& stop) {
  {
    const std::lock_guard lock(mutex_);
    part.request = next_request_++;
    block_parts_[part.request].reset();
  }
  post(BlockWanted{holder, part});
  std::unique_lock lock(mutex_);
  changed_.wait(
      lock, [&] { return stopping_ || stop.load() || block_parts_.at(part.request).has_value(); });
  auto answer = std::move(block_parts_.at(part.request));
  block_parts_.erase(part.request);
  if (!answer) throw program::TaskStopped("the task was asked to stop");
  return std::move(*answer);
}

bool TaskPool::add_to_copy(const protocol::BlockCopyRequested& copy, protocol::BlockPartSent part) {
  const protocol::BlockId id = copy.from.block;
  auto at = copies_.find(id);
  if (at == copies_.end()) {
    const auto codec = program::resolve(copy.stored.codec);
    if (!codec) return false;
    const auto give =
        reinterpret_cast<const program::BlockCodec& (*)()>(const_cast<void*>(codec.value()));
    at = copies_.try_emplace(id, blocks_, id, program::BlockForm{copy.stored.level, &give()}).first;
  }
  const bool kept = at->second.add(std::move(part.bytes));
  if (kept && part.last) at->second.finish();
  if (!kept || part.last) copies_.erase(at);
  return kept;
}

}  // namespace volley::worker
