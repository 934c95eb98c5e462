#include "program/block_transfer.hpp"

#include <stdexcept>
#include <utility>

namespace volley::program {
namespace {

void read_row(const void* row, const BlockCodec& codec, std::uint64_t from,
              protocol::BlockPartSent& part) {
  part.next = codec.encode(row, from, EncodedBlock::piece_bytes, part.bytes);
  part.last = part.next >= codec.size(row);
  part.found = true;
}

void read_encoded(const EncodedBlock& block, std::uint64_t from, protocol::BlockPartSent& part) {
  part.encoded = true;
  if (from < block.pieces()) {
    const auto piece = block.piece(from);
    part.bytes.assign(piece.begin(), piece.end());
    block.forget(from);
  }
  part.next = from + 1;
  part.last = part.next >= block.pieces();
  part.found = true;
}

}  // namespace

protocol::BlockPartSent read_part(BlockStore& store, const protocol::BlockPartRequested& wanted) {
  protocol::BlockPartSent part;
  part.request = wanted.request;
  const auto form = store.form(wanted.block);
  const auto block = store.get(wanted.block);
  if (!form || !block || form->codec == nullptr) return part;
  const bool encoded = block->encoded != nullptr;
  if (wanted.from != 0 && wanted.encoded != encoded) return part;
  try {
    if (encoded) {
      read_encoded(*block->encoded, wanted.from, part);
    } else {
      read_row(block->row.get(), *form->codec, wanted.from, part);
    }
  } catch (const std::runtime_error&) {
    store.remove(wanted.block);
  }
  return part;
}

bool BlockCopy::add(protocol::Bytes piece) {
  if (piece.empty()) return true;
  if (!on_disk_ && form_.level.memory) {
    piece.shrink_to_fit();
    const std::uint64_t bytes = in_memory_ + piece.size();
    if (store_.reserve(made_->reservation(), bytes, id_.rdd)) {
      in_memory_ = bytes;
      made_->add_in_memory(std::move(piece));
      return true;
    }
  }
  if (!form_.level.disk || !made_->has_disk()) return false;
  if (!std::exchange(on_disk_, true) && !made_->move_to_disk()) return false;
  return made_->add_on_disk(piece);
}

void BlockCopy::finish() {
  if (!on_disk_) made_->reservation().shrink(in_memory_);
  store_.put(id_, Block{nullptr, std::move(made_)}, 0, form_);
}

}  // namespace volley::program
