#include "program/encoded_block.hpp"

#include "exchange/checksum.hpp"
#include "storage/scratch_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace volley::program {

EncodedBlock::~EncodedBlock() {
  for (const Piece& piece : pieces_) {
    if (piece.disk.bytes != 0) disk_->remove(piece.disk);
  }
}

void EncodedBlock::add_in_memory(protocol::Bytes piece) {
  pieces_.push_back({std::move(piece), {}, 0});
}

bool EncodedBlock::add_on_disk(std::span<const std::byte> piece) {
  if (disk_ == nullptr) return false;
  const auto written = disk_->write(piece);
  if (!written) return false;
  disk_bytes_ += written->bytes;
  pieces_.push_back({{}, *written, exchange::checksum_of(piece)});
  return true;
}

bool EncodedBlock::move_to_disk() {
  if (disk_ == nullptr) return false;
  std::uint64_t moved = 0;
  for (Piece& piece : pieces_) {
    if (piece.memory.empty()) continue;
    const auto written = disk_->write(piece.memory);
    if (!written) return false;
    piece.checksum = exchange::checksum_of(piece.memory);
    piece.disk = *written;
    disk_bytes_ += written->bytes;
    moved += piece.memory.size();
    protocol::Bytes().swap(piece.memory);
  }
  reservation_.shrink(reservation_.bytes() - std::min(moved, reservation_.bytes()));
  return true;
}

std::span<const std::byte> EncodedBlock::piece(std::size_t index) const {
  const Piece& piece = pieces_.at(index);
  if (piece.disk.bytes == 0) return piece.memory;
  const storage::NodeArena& arena = disk_->arena();
  const std::span<const std::byte> bytes(arena.at(piece.disk.offset), piece.disk.bytes);
  const std::uint64_t found = exchange::checksum_of(bytes);
  if (found == piece.checksum) return bytes;
  throw std::runtime_error(fmt::format(
      "a cached partition came back damaged from the scratch file {} (in volley.local.dir), offset "
      "{}: {} bytes with checksum {:016x} instead of {:016x}",
      storage::scratch_file_name(arena.disk_descriptor()),
      piece.disk.offset - arena.offset_of(arena.slabs()), piece.disk.bytes, found, piece.checksum));
}

void EncodedBlock::forget(std::size_t index) const {
  const Piece& piece = pieces_.at(index);
  if (piece.disk.bytes != 0) disk_->arena().forget_reads(piece.disk.offset, piece.disk.bytes);
}

}  // namespace volley::program
