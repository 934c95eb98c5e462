#pragma once
// BlockStore: the cached partitions of one executor process, in memory as typed vectors. Safe from
// every task thread.

#include "protocol/driver_messages.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace volley::program {

class BlockStore {
 public:
  using Block = std::shared_ptr<const void>;

  /// The block, or null.
  Block get(protocol::BlockId id) const {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(id);
    return found == blocks_.end() ? nullptr : found->second;
  }
  /// Keeps the first block that is put under an id; returns the one that is kept.
  Block put(protocol::BlockId id, Block block) {
    const std::lock_guard lock(mutex_);
    return blocks_.try_emplace(id, std::move(block)).first->second;
  }
  void remove(base::RddId rdd) {
    const std::lock_guard lock(mutex_);
    blocks_.erase(blocks_.lower_bound({rdd, 0}), blocks_.upper_bound({rdd, UINT32_MAX}));
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return blocks_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::map<protocol::BlockId, Block> blocks_;
};

}  // namespace volley::program
