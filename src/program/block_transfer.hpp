#pragma once
// Cached partitions on their way to other executors: parts of a block for whoever asks, and
// BlockCopy, a block in the making from such parts. Parts are encoded records, as EncodedBlock
// keeps them. Not from the threads of tasks, but beside them.

#include "program/block_store.hpp"

#include <cstdint>
#include <memory>

namespace volley::program {

/// The part of a block that is asked for. Not found: when it is not there, when it has changed its
/// form since the last part, when it is damaged (then it is removed), or cannot be encoded.
protocol::BlockPartSent read_part(BlockStore& store, const protocol::BlockPartRequested& wanted);

/// Kept encoded, whatever the level says of objects.
class BlockCopy {
 public:
  BlockCopy(BlockStore& store, protocol::BlockId id, const BlockForm& form)
      : store_(store), id_(id), form_(form), made_(store.make_encoded()) {}
  /// False: there is no room.
  bool add(protocol::Bytes piece);
  /// Puts it into the store.
  void finish();

 private:
  BlockStore& store_;
  protocol::BlockId id_;
  BlockForm form_;
  std::unique_ptr<EncodedBlock> made_;
  bool on_disk_ = false;         ///< the pieces to come
  std::uint64_t in_memory_ = 0;  ///< bytes
};

}  // namespace volley::program
