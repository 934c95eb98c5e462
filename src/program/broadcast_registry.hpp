#pragma once
// BroadcastRegistry: the broadcasts that the program has made. The program's own thread writes the
// bytes into the arena of its node; from then on they belong to the node's rank, and the program
// reads them there, too. Safe from every thread.

#include "base/ids.hpp"
#include "program/broadcast_copy.hpp"
#include "protocol/broadcast_messages.hpp"
#include "storage/node_arena.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace volley::program {

class BroadcastRegistry {
 public:
  /// Before the program starts. The arena outlives the registry; `owner` is the container's number
  /// there. Broadcasts move in pieces of `piece_bytes`.
  void set_memory(storage::NodeArena& arena, storage::NodeArena::Owner owner,
                  std::uint64_t piece_bytes);

  struct Made {
    protocol::BroadcastCreated created;
    std::uint64_t checksum = 0;  ///< over all bytes
  };
  /// Writes the bytes to the arena. `where`: the call. Throws IllegalState without an
  /// arena, JobFailed when it has no room.
  Made make(std::span<const std::byte> bytes, const std::string& where);

  /// Throws IllegalState once it is destroyed.
  std::shared_ptr<const BroadcastCopy> copy(std::uint32_t number) const;
  /// What the driver is to be told of it. Throws as above.
  protocol::BroadcastForgotten unpersist(std::uint32_t number) const;
  protocol::BroadcastForgotten destroy(std::uint32_t number, const std::string& where);

 private:
  struct Entry {
    std::string name;
    std::string made;       ///< where: "broadcast at main.cpp:12"
    std::string destroyed;  ///< where; empty: it lives
    std::shared_ptr<const BroadcastCopy> copy;
  };
  const Entry& living(std::uint32_t number) const;
  std::optional<std::uint64_t> allocate(std::uint64_t slabs);

  storage::NodeArena* arena_ = nullptr;
  storage::NodeArena::Owner owner_ = 0;
  std::uint64_t piece_bytes_ = 1;
  mutable std::mutex mutex_;
  std::uint32_t next_ = 0;
  std::map<std::uint32_t, Entry> entries_;
};

}  // namespace volley::program
