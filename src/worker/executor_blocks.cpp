// The part of the executor about cached partitions of other executors: parts of them are asked for
// one after another, by tasks that read them and for copies that the driver wants to be kept here.

#include "worker/executor.hpp"

namespace volley::worker {

using protocol::Address;
using protocol::Outbox;

void Executor::ask_for_block(const Address& holder, const protocol::BlockPartRequested& part,
                             Outbox& out) {
  if (lost_block_holders_.contains(holder)) {
    protocol::BlockPartSent none;
    none.request = part.request;
    block_part_came(std::move(none), out);
    return;
  }
  blocks_asked_.emplace(part.request, holder);
  out.send(holder, part);
}

void Executor::on(const protocol::BlockPartRequested& message, const Address& from, Outbox& out) {
  out.send(from, pool_.block_part(message));
}

void Executor::on(const protocol::BlockPartSent& message, const Address&, Outbox& out) {
  // An answer for what was given up comes too late.
  if (blocks_asked_.erase(message.request) != 0) block_part_came(message, out);
}

void Executor::block_part_came(protocol::BlockPartSent part, Outbox& out) {
  if (part.request < first_copy) {
    pool_.answer_block(std::move(part));
    return;
  }
  const auto found = copies_.find(part.request);
  if (found == copies_.end()) return;
  const protocol::BlockCopyRequested copy = std::move(found->second);
  copies_.erase(found);
  const protocol::BlockId block = copy.from.block;
  if (!part.found) {
    pool_.drop_copy(block);
    end_copy(block, false, out);
    return;
  }
  const bool last = part.last;
  protocol::BlockPartRequested next{block, next_copy_++, part.next, part.encoded};
  if (!pool_.add_to_copy(copy, std::move(part))) {
    end_copy(block, false, out);
  } else if (last) {
    end_copy(block, true, out);
  } else {
    copies_.emplace(next.request, copy);
    ask_for_block(copy.from.holder, next, out);
  }
}

void Executor::end_copy(const protocol::BlockId& block, bool held, Outbox& out) {
  log_.debug("BlockStore", "{} a copy of partition {} of RDD {}", held ? "keeps" : "keeps no",
             block.partition, block.rdd);
  const protocol::ExecutorRegistered& self = options_.registration;
  out.send(options_.driver, protocol::BlockCopied{self.executor, self.member, block, held});
}

void Executor::on(const protocol::BlockCopyRequested& message, const Address&, Outbox& out) {
  const protocol::BlockId block = message.from.block;
  if (pool_.has_block(block)) {
    end_copy(block, true, out);
    return;
  }
  const std::uint64_t request = next_copy_++;
  copies_.emplace(request, message);
  ask_for_block(message.from.holder, {block, request, 0, false}, out);
}

void Executor::on(const protocol::BlockHolderLost& message, const Address&, Outbox& out) {
  lost_block_holders_.insert(message.holder);
  std::vector<std::uint64_t> unanswered;
  for (const auto& [request, holder] : blocks_asked_) {
    if (holder == message.holder) unanswered.push_back(request);
  }
  for (const std::uint64_t request : unanswered) {
    blocks_asked_.erase(request);
    protocol::BlockPartSent none;
    none.request = request;
    block_part_came(std::move(none), out);
  }
}

}  // namespace volley::worker
