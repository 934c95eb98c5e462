#pragma once
// BlockStore: the cached partitions of one executor process, in memory as rows of records or
// encoded, or on the scratch disk. What was used least recently makes way when memory is short: to
// disk if its level says so, else it is dropped. A block never makes way for another of its own
// RDD, and none goes while it is being read. Safe from every task thread; nothing is written or
// freed under the lock.

#include "program/block_form.hpp"
#include "program/encoded_block.hpp"
#include "protocol/driver_messages.hpp"
#include "storage/disk_pieces.hpp"
#include "storage/memory_manager.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace volley::program {

/// A cached partition as a reader has it: one of both. It stays where it is as long as somebody has
/// it.
struct Block {
  std::shared_ptr<const void> row;
  std::shared_ptr<const EncodedBlock> encoded = {};
};

class BlockStore {
 public:
  /// Memory without limit and no disk.
  BlockStore() = default;
  /// Both null: as above.
  BlockStore(storage::MemoryManager* memory, storage::DiskPieces* disk)
      : memory_(memory), disk_(disk) {}
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;

  std::optional<Block> get(protocol::BlockId id);
  bool has(protocol::BlockId id) const;
  std::optional<BlockForm> form(protocol::BlockId id) const;
  /// Keeps the first block that is put under an id; returns the one that is kept. `bytes`: what a
  /// row holds of memory, by a reservation that goes with it.
  Block put(protocol::BlockId id, Block block, std::uint64_t bytes, const BlockForm& form);
  void remove(base::RddId rdd);
  /// A block that cannot be read.
  void remove(protocol::BlockId id);
  std::size_t size() const;

  // For blocks in the making.
  storage::StorageReservation reservation() const { return storage::StorageReservation(memory_); }
  bool has_disk() const { return disk_ != nullptr && disk_->arena().disk_slabs() != 0; }
  std::unique_ptr<EncodedBlock> make_encoded() const {
    return std::make_unique<EncodedBlock>(memory_, disk_);
  }
  /// Whether the reservation holds `bytes` now; blocks of other RDDs may have made way.
  bool reserve(storage::StorageReservation& reservation, std::uint64_t bytes, base::RddId rdd);
  /// Lets blocks make way for tasks, as many as can.
  void make_room(std::uint64_t bytes) { evict(bytes, std::nullopt, false); }

  /// Blocks that were dropped for want of memory since the last call, and are not there again.
  std::vector<protocol::BlockId> take_evicted();
  /// Written to disk to make room, since the last call.
  std::uint64_t take_moved_bytes();

 private:
  struct Entry {
    Block block;
    std::uint64_t row_bytes = 0;
    BlockForm form;
    bool leaving = false;  ///< a thread is at work to make it go
    std::list<protocol::BlockId>::iterator used;

    std::uint64_t memory_bytes() const;
    bool being_read() const;
  };
  struct Victim {
    protocol::BlockId id;
    Block block;
    BlockForm form;
  };

  bool evict(std::uint64_t bytes, std::optional<base::RddId> keep, bool all_or_nothing);
  bool choose(std::uint64_t bytes, std::optional<base::RddId> keep, bool all_or_nothing,
              std::vector<Victim>& victims);
  std::shared_ptr<const EncodedBlock> write_to_disk(const Victim& victim) const;
  Block settle(Victim& victim, std::shared_ptr<const EncodedBlock> on_disk);
  Block erase(std::map<protocol::BlockId, Entry>::iterator entry);

  storage::MemoryManager* memory_ = nullptr;
  storage::DiskPieces* disk_ = nullptr;
  mutable std::mutex mutex_;
  std::map<protocol::BlockId, Entry> blocks_;
  std::list<protocol::BlockId> order_;  ///< the one that was used least recently first
  std::vector<protocol::BlockId> evicted_;
  std::uint64_t moved_bytes_ = 0;
};

}  // namespace volley::program
