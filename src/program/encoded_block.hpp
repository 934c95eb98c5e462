#pragma once
// EncodedBlock: a cached partition, or the part of one that is there so far, as pieces of encoded
// records in memory or on the scratch disk. Gives everything back when it goes.

#include "program/block_form.hpp"
#include "storage/disk_pieces.hpp"
#include "storage/memory_manager.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace volley::program {

class EncodedBlock {
 public:
  /// How large a piece is before it is cut.
  static constexpr std::size_t piece_bytes = 256U << 10U;

  /// `disk` null: there is none.
  EncodedBlock(storage::MemoryManager* memory, storage::DiskPieces* disk)
      : reservation_(memory), disk_(disk) {}
  EncodedBlock(const EncodedBlock&) = delete;
  EncodedBlock& operator=(const EncodedBlock&) = delete;
  ~EncodedBlock();

  /// The memory of the pieces; to be reached before one is added.
  storage::StorageReservation& reservation() { return reservation_; }
  std::uint64_t memory_bytes() const { return reservation_.bytes(); }
  std::uint64_t disk_bytes() const { return disk_bytes_; }
  bool has_disk() const { return disk_ != nullptr; }

  void add_in_memory(protocol::Bytes piece);
  /// False when there is no room on the disk.
  bool add_on_disk(std::span<const std::byte> piece);
  /// Writes what is in memory to disk, and gives that memory back. False when there is no room.
  bool move_to_disk();

  std::size_t pieces() const { return pieces_.size(); }
  /// In place. Throws std::runtime_error for one that came back damaged.
  std::span<const std::byte> piece(std::size_t index) const;
  /// The piece will not be read again soon.
  void forget(std::size_t index) const;

 private:
  struct Piece {
    protocol::Bytes memory;  ///< empty: on disk
    storage::DiskPieces::Piece disk;
    std::uint64_t checksum = 0;
  };

  storage::StorageReservation reservation_;
  storage::DiskPieces* disk_;
  std::uint64_t disk_bytes_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace volley::program
